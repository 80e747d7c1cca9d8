import { execFile } from "node:child_process";
import { cp, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { tempFolder } from "../support/temp-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a stage of the Dockerfile copies from the repository, in order. */
async function copiedBy(stage: number): Promise<string[]> {
  const text = await readFile(join(ROOT, "Dockerfile"), "utf8");
  const lines = text.split(/^FROM /m)[stage]?.split("\n") ?? [];
  return lines
    .filter((line) => line.startsWith("COPY ") && !line.includes("--from"))
    .flatMap((line) => line.split(" ").slice(1, -1));
}

describe("the image", () => {
  it("is built from what its Dockerfile copies, and no more is let into the build", async () => {
    await using folder = await tempFolder("image");
    const copied = await copiedBy(1);
    for (const path of copied) await cp(join(ROOT, path), join(folder.path, path), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(folder.path, "node_modules"));
    await promisify(execFile)(process.execPath, ["--import", "tsx", "scripts/build.ts"], {
      cwd: folder.path,
    });
    expect(await readdir(join(folder.path, "dist"))).toContain("main.js");
    // `docker exec wakegate wakegate …` runs it by the link on the image's PATH.
    const dockerfile = await readFile(join(ROOT, "Dockerfile"), "utf8");
    const [, main = "", link = ""] =
      /^RUN ln -s \/app\/(\S+) \/usr\/local\/bin\/(\S+)$/m.exec(dockerfile) ?? [];
    await symlink(join(folder.path, main), join(folder.path, link));
    const { stdout } = await promisify(execFile)(link, ["--version"], {
      env: { PATH: `${folder.path}:${process.env["PATH"] ?? ""}` },
    });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
    const allowed = (await readFile(join(ROOT, ".dockerignore"), "utf8"))
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    expect(allowed.toSorted()).toEqual([...new Set([...copied, ...(await copiedBy(3))])].toSorted());
  });

  it("has no health check: until its first success Traefik and Swarm send no traffic", async () => {
    expect(await readFile(join(ROOT, "Dockerfile"), "utf8")).not.toMatch(/^HEALTHCHECK/m);
  });
});
