import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { ownFile } from "../../own-files.ts";

/** A style sheet or script of the dashboard. */
export interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

/** All of them, and a version that changes with their content. */
export interface Assets {
  readonly version: string;
  readonly files: ReadonlyMap<string, Asset>;
}

const CSS = "text/css; charset=utf-8";
const JS = "text/javascript; charset=utf-8";
const FILES = [
  ["dashboard.css", CSS],
  ["dashboard.js", JS],
  ["live.js", JS],
  ["theme.js", JS],
] as const;

/** Reads them once. */
export function loadAssets(): Assets {
  const hash = createHash("sha256");
  const files = new Map<string, Asset>();
  for (const [name, type] of FILES) {
    const source = readFileSync(ownFile(`templates/${name}`), "utf8");
    const plain = Buffer.from(slim(source));
    hash.update(plain);
    files.set(name, { type, plain, packed: gzipSync(plain, { level: 9 }) });
  }
  return { version: hash.digest("base64url").slice(0, 10), files };
}

/** Comments and indentation are for readers of the source. */
function slim(source: string): string {
  return source
    .replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("//"))
    .join("\n");
}
