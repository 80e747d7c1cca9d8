import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

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
  building ??= build();
  return building;
}

async function build(): Promise<string> {
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  await promisify(execFile)(tsc, ["-p", "tsconfig.build.json", "--outDir", FOLDER], { cwd: ROOT });
  return join(ROOT, FOLDER, "main.js");
}
