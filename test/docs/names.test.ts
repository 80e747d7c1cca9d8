import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);

/** What a document may tell people to fetch and run: packages and images that others publish, and our local build. */
const PACKAGES = new Set(["vitest", "ci", "./wakegate-*.tgz"]);
const IMAGES = new Set([
  "authelia/authelia",
  "caddy",
  "ghost",
  "haproxy",
  "itzg/minecraft-server",
  "mariadb",
  "nginx",
  "postgres",
  "redis",
  "traefik",
  "traefik/whoami",
  "valkey/valkey",
  // Built from this repository, under a name of the reader's own.
  "wakegate",
  "registry.example.com/wakegate",
]);

const documents = execFileSync(
  "git",
  ["ls-files", "*.md", "*.yaml", "*.yml", "Dockerfile", ":!test", ":!bench"],
  {
    cwd: ROOT,
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((path) => path !== "");

/** Every match of the pattern's first group, with its file. */
function found(pattern: RegExp): { path: string; name: string }[] {
  return documents.flatMap((path) =>
    [...readFileSync(new URL(path, ROOT), "utf8").matchAll(pattern)].map(([, name = ""]) => ({ path, name })),
  );
}

describe("the documents", () => {
  it("tell people to run only packages that exist, or the one built from a clone", () => {
    const run = found(/\b(?:npx|npm (?:install|i|exec))\s+(?:--?[\w=-]+\s+)*([\w@./*-]+)/g);
    expect(run.length).toBeGreaterThan(0);
    const unknown = run.filter(({ name }) => !PACKAGES.has(name.replace(/(?<=.)@.*$/, "")));
    expect(unknown).toEqual([]);
  });

  it("name only images that exist, or the local build", () => {
    const named = found(/^\s*(?:- )?image:\s*["']?([^\s"'$#]+)/gm);
    expect(named.length).toBeGreaterThan(0);
    const unknown = named.filter(({ name }) => !IMAGES.has(name.replace(/:[\w.-]+$/, "")));
    expect(unknown).toEqual([]);
  });
});
