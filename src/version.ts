import { readFileSync } from "node:fs";
import { ownFile } from "./own-files.ts";

/** The version of this Wakegate, from its package. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(ownFile("package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
