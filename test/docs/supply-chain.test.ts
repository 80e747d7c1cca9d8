import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { licensedPackages } from "../../scripts/licences-page.ts";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const manifest = JSON.parse(text("package.json")) as Manifest;
const lock = JSON.parse(text("package-lock.json")) as Lock;
const locked = Object.entries(lock.packages).filter(([path]) => path !== "");

/** What may be distributed together with GPL-3.0-or-later. */
const COMPATIBLE = [
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "0BSD",
  "Unlicense",
  "GPL-3.0",
];

describe("the lock file", () => {
  it("pins every package by its content, and names no address", () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(locked.filter(([, { integrity }]) => !String(integrity).startsWith("sha512-"))).toEqual([]);
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it("is of this package.json", () => {
    const { dependencies, devDependencies } = lock.packages[""] ?? {};
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
  });

  it("has no install scripts but those that are known and not needed", () => {
    const scripts = locked
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path);
    expect(scripts.map((path) => path.replace(/.*node_modules\//, "")).toSorted()).toEqual([
      "cpu-features",
      "esbuild",
      "protobufjs",
      "ssh2",
    ]);
    // Nothing is installed with them where it counts.
    for (const file of [".ci/run", "Dockerfile"]) {
      const installs = text(file).match(/^.*npm ci.*$/gm) ?? [];
      expect(installs.filter((line) => !line.includes("--ignore-scripts"))).toEqual([]);
    }
  });
});

describe("every package", () => {
  it("that comes with Wakegate has a licence that fits", () => {
    const unfit = licensedPackages().filter(({ licence }) => !COMPATIBLE.includes(licence));
    expect(unfit).toEqual([]);
  });

  it("that is asked for by name has its reason in the decisions", () => {
    const reasons = text("docs/decisions/005-dependencies.md");
    const named = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(named.filter((name) => !new RegExp(`(^|[|, ])${name}([, |])`, "m").test(reasons))).toEqual([]);
  });
});
