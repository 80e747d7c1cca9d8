import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { labelsSchema } from "../../src/config/schema/target.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GENERATED = ["node_modules", "dist", ".git", "coverage"];

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly labels?: Readonly<Record<string, string>>;
        readonly deploy?: { readonly labels?: Readonly<Record<string, string>> };
        readonly volumes?: readonly string[];
      }
    >
  >;
}

function filesBelow(folder: string, fits: (name: string) => boolean): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return GENERATED.includes(entry.name) ? [] : filesBelow(path, fits);
    return fits(entry.name) ? [path] : [];
  });
}

function composeFiles(): { path: string; content: ComposeFile }[] {
  return filesBelow(ROOT, (name) => name === "compose.yaml" || name === "stack.yaml").map((path) => ({
    path,
    content: parse(readFileSync(path, "utf8")) as ComposeFile,
  }));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

describe("the Compose files", () => {
  it("use only labels that Wakegate knows", () => {
    const known = Object.keys(labelsSchema.shape);
    const used = composeFiles().flatMap(({ content }) =>
      Object.values(content.services).flatMap(({ labels = {}, deploy }) =>
        Object.keys({ ...labels, ...deploy?.labels }),
      ),
    );
    const ours = used
      .filter((label) => label.startsWith("wakegate."))
      .map((label) => label.split(".")[1] ?? "");
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("mount folders of settings, as a container keeps a single file that an editor replaced", () => {
    const single = composeFiles().flatMap(({ content }) =>
      Object.values(content.services)
        .flatMap(({ volumes = [] }) => volumes)
        .filter((volume) => /wakegate[^:]*\.ya?ml:/.test(volume)),
    );
    expect(single).toEqual([]);
  });

  it("mount only files that are there", () => {
    const missing = composeFiles().flatMap(({ path, content }) =>
      Object.values(content.services)
        .flatMap(({ volumes = [] }) => volumes)
        .filter((volume) => volume.startsWith("./"))
        .map((volume) => join(dirname(path), volume.split(":")[0] ?? ""))
        .filter((file) => !exists(file)),
    );
    expect(missing).toEqual([]);
  });
});

describe("the documents", () => {
  it("link only to what exists", () => {
    const broken = filesBelow(ROOT, (name) => name.endsWith(".md")).flatMap((path) => {
      const links = [...readFileSync(path, "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(
        (match) => match[1] ?? "",
      );
      return links
        .filter((link) => !/^[a-z]+:|^#/.test(link))
        .filter((link) => !exists(join(dirname(path), link.split("#")[0] ?? "")))
        .map((link) => `${relative(ROOT, path)}: ${link}`);
    });
    expect(broken).toEqual([]);
  });
});
