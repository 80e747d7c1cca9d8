import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { Result } from "../../bench/support/bench.ts";
import { suite } from "../support/require.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs one bench briefly, as a user does. No figure of such a run means anything. */
async function brief(name: string): Promise<Result> {
  const args = ["--import", "tsx", "bench/run.ts", name, "--brief", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return JSON.parse(last) as Result;
}

async function works(name: string): Promise<void> {
  const result = await brief(name);
  expect(result.bench).toBe(name);
  expect(result.figures.length).toBeGreaterThan(0);
  for (const figure of result.figures) expect(figure).toMatchObject({ value: expect.any(Number) as number });
}

describe("the benches", () => {
  for (const name of ["verdict", "herd", "scale", "start"]) {
    it(`${name} measures and prints JSON`, () => works(name));
  }

  it("tells how it is used", async () => {
    const run = promisify(execFile)(process.execPath, ["--import", "tsx", "bench/run.ts", "nothing"], {
      cwd: ROOT,
    });
    await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("scale") as string });
  });
});

suite(["caddy", "nginx"], "the bench of proxies", () => {
  it("measures and prints JSON", () => works("proxied"));
});

suite(["haproxy", "socat"], "the bench of streams", () => {
  it("measures and prints JSON", () => works("stream"));
});

suite("docker", "the bench of wakes", () => {
  it("measures and prints JSON", () => works("wake"));
});
