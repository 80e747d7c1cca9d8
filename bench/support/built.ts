import { fileURLToPath } from "node:url";
import { bundle } from "../../scripts/bundle.ts";

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Beside `dist`, whose folder depth it has to share; tests and releases may use that one at the same time. */
const FOLDER = ".bench-build";

let building: Promise<string> | undefined;

/**
 * What users run: compiled code, not the sources through a loader. Built once for each process.
 *
 * @returns the path of `main.js`.
 */
export function builtMain(): Promise<string> {
  building ??= bundle(FOLDER);
  return building;
}
