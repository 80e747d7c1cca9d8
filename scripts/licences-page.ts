import { readFileSync } from "node:fs";

/** What package-lock.json says of one package. */
interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** Their manifests name the licence in a form that npm does not copy into the lock file. */
const NOT_IN_LOCK: Readonly<Record<string, string>> = {
  ssh2: "MIT",
  "cpu-features": "MIT",
  buildcheck: "MIT",
};

const LOCK = new URL("../package-lock.json", import.meta.url);

/** A package that runs with Wakegate, or may. */
export interface LicensedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression; `unknown` when nothing says it. */
  readonly licence: string;
  readonly optional: boolean;
}

/** Every package of an installation without development packages, by name, as the lock file has it. */
export function licensedPackages(): readonly LicensedPackage[] {
  const { packages } = JSON.parse(readFileSync(LOCK, "utf8")) as {
    packages: Readonly<Record<string, Locked>>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, { version = "", license, optional = false }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return { name, version, licence: license ?? NOT_IN_LOCK[name] ?? "unknown", optional };
    })
    .sort((a, b) => (a.name === b.name ? compare(a.version, b.version) : compare(a.name, b.name)));
}

/** The page that lists them. `made` is the remark on its origin. */
export function licencesPage(made: string): string {
  const rows = licensedPackages().map(
    ({ name, version, licence, optional }) =>
      `| ${name} | ${version} | ${licence} | ${optional ? "yes" : ""} |`,
  );
  return `${[
    "# Licences",
    made,
    "Wakegate is GPL-3.0-or-later. These packages come with it; the image leaves out the optional ones. [Why each direct one is there](../decisions/005-dependencies.md).",
    ["| package | version | licence | optional |", "| --- | --- | --- | --- |", ...rows].join("\n"),
  ].join("\n\n")}\n`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
