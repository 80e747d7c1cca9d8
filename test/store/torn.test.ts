import { once } from "node:events";
import { spawn } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { openFileStore } from "../../src/store/file-store.ts";
import { formatState } from "../../src/store/format.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { recordedLog } from "./recorded-log.ts";

const before = formatState(new Map([["blog", { lastActivity: 1, displayName: "Blög" }]]));
const after = formatState(
  new Map([
    ["blog", { lastActivity: 2, startedRun: "r" }],
    ["wiki", { asleepSince: 5 }],
  ]),
);

/** What a store that is opened on this folder knows; the file kept aside counts as a third outcome. */
async function outcomeOf(dir: string): Promise<"before" | "after" | "aside"> {
  const log = recordedLog();
  await using store = await openFileStore({ dir, clock: systemClock, log });
  const text = formatState(store.targets());
  if (text === before) return "before";
  if (text === after) return "after";
  const files = await readdir(dir);
  expect(store.targets().size).toBe(0);
  expect(files.some((name) => name.startsWith("state.json.corrupt-"))).toBe(true);
  expect(log.said).toHaveLength(1);
  return "aside";
}

describe("a state file after a crash", () => {
  it("is whole when the temporary file is torn at any byte", async () => {
    const bytes = Buffer.from(after);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (cut) => {
        await using folder = await tempFolder("torn");
        await writeFile(join(folder.path, "state.json"), before);
        await writeFile(join(folder.path, "state.json.tmp"), bytes.subarray(0, cut));
        expect(await outcomeOf(folder.path)).toBe("before");
      }),
      { numRuns: 40 },
    );
  });

  it("is the new one, or kept aside, when it is itself torn at any byte", async () => {
    const bytes = Buffer.from(after);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      await using folder = await tempFolder("torn");
      await writeFile(join(folder.path, "state.json"), bytes.subarray(0, cut));
      expect(await outcomeOf(folder.path)).toBe(cut >= bytes.length - 1 ? "after" : "aside");
    }
  });

  it("never makes opening fail, whatever is in it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json()), async (content) => {
        await using folder = await tempFolder("torn");
        await writeFile(join(folder.path, "state.json"), content);
        await using store = await openFileStore({
          dir: folder.path,
          clock: systemClock,
          log: recordedLog(),
        });
        store.update("blog", { lastActivity: 1 });
        await store.flush();
      }),
      { numRuns: 60 },
    );
  });

  it("survives kill -9 during writes: never older than the last flush that was told", async () => {
    await using folder = await tempFolder("killed");
    const writer = fileURLToPath(new URL("killed-writer.ts", import.meta.url));
    let told = 0;
    for (let round = 0; round < 8; round += 1) {
      const child = spawn(process.execPath, ["--import", "tsx", writer, folder.path, String(told)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines: string[] = [];
      let rest = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        const parts = (rest + chunk).split("\n");
        rest = parts.pop() ?? "";
        lines.push(...parts);
        if (lines.length > 3 + round) setTimeout(() => child.kill("SIGKILL"), (round * 7) % 5);
      });
      await once(child, "close");
      told = Number(lines.at(-1));
      const log = recordedLog();
      await using store = await openFileStore({ dir: folder.path, clock: systemClock, log });
      expect(log.said).toEqual([]);
      const found = store.target("counter")?.lastActivity ?? -1;
      expect(found).toBeGreaterThanOrEqual(told);
      expect(await readFile(join(folder.path, "state.json"), "utf8")).toContain('"filler"');
    }
  });
});
