import { mkdir, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { openFileStore, type FileStoreOptions } from "../../src/store/file-store.ts";
import type { Store, WakeRecord } from "../../src/store/store.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { recordedLog } from "./recorded-log.ts";

const aWake: WakeRecord = {
  at: 1,
  from: "stopped",
  outcome: "ready",
  totalMs: 900,
  phases: { starting: 300, probing: 600 },
  cause: { by: "request", method: "GET", host: "blog.example.com" },
};

function open(dir: string, options: Partial<FileStoreOptions> = {}): Promise<Store> {
  return openFileStore({ dir, clock: systemClock, log: recordedLog(), debounceMs: 5, ...options });
}

describe("openFileStore", () => {
  it("gives back after a restart what was written before", async () => {
    await using folder = await tempFolder("store");
    {
      await using store = await open(folder.path);
      store.update("blog", { lastActivity: 12, displayName: "Blog" });
      store.update("blog", { wakes: [aWake], routes: [{ host: "blog.example.com", prefix: "/" }] });
    }
    await using store = await open(folder.path);
    expect(store.target("blog")).toEqual({
      lastActivity: 12,
      displayName: "Blog",
      wakes: [aWake],
      routes: [{ host: "blog.example.com", prefix: "/" }],
    });
    expect([...store.targets().keys()]).toEqual(["blog"]);
  });

  it("writes by itself within the debounce time", async () => {
    await using folder = await tempFolder("store");
    await using store = await open(folder.path);
    store.update("blog", { lastActivity: 1 });
    await expect.poll(() => readFile(join(folder.path, "state.json"), "utf8")).toContain('"lastActivity":1');
  });

  it("removes a field that is given as undefined, and forgets a target", async () => {
    await using folder = await tempFolder("store");
    await using store = await open(folder.path);
    const stopIntent = { instance: "i", run: "r", method: "stop", at: 1, until: 2 } as const;
    store.update("blog", { stopIntent, lastActivity: 1 });
    store.update("blog", { stopIntent: undefined });
    expect(store.target("blog")).toEqual({ lastActivity: 1 });
    store.forget("blog");
    expect(store.target("blog")).toBeUndefined();
    await store.flush();
    await using again = await open(folder.path);
    expect(again.targets().size).toBe(0);
  });

  it("keeps the last 50 wakes", async () => {
    await using folder = await tempFolder("store");
    await using store = await open(folder.path);
    store.update("blog", { wakes: Array.from({ length: 60 }, (_, at) => ({ ...aWake, at })) });
    expect(store.target("blog")?.wakes?.map((wake) => wake.at)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 10),
    );
  });

  it("has on disk, when flush resolves, everything that came before it, also during a write", async () => {
    await using folder = await tempFolder("store");
    await using store = await open(folder.path, { debounceMs: 60_000 });
    for (let round = 0; round < 20; round += 1) {
      store.update("blog", { lastActivity: round });
      const first = store.flush();
      store.update("wiki", { lastActivity: round });
      await Promise.all([first, store.flush(), store.flush()]);
      const text = await readFile(join(folder.path, "state.json"), "utf8");
      expect(text).toContain(`"wiki":{"lastActivity":${String(round)}}`);
    }
  });

  it("ends a flush with the signal's reason", async () => {
    await using folder = await tempFolder("store");
    await using store = await open(folder.path, { debounceMs: 60_000 });
    store.update("blog", { lastActivity: 1 });
    const reason = new Error("enough");
    await expect(store.flush(AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const flushed = store.flush(controller.signal);
    controller.abort(reason);
    await expect(flushed).rejects.toBe(reason);
  });

  it("creates a missing folder for its owner alone", async () => {
    await using folder = await tempFolder("store");
    const dir = join(folder.path, "a", "b");
    await using store = await open(dir);
    store.update("blog", {});
    await store.flush();
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, "state.json"))).mode & 0o777).toBe(0o600);
  });

  it("tolerates fields that it does not know", async () => {
    await using folder = await tempFolder("store");
    const later = { version: 1, mood: "good", targets: { blog: { lastActivity: 3, colour: "gold" } } };
    await writeFile(join(folder.path, "state.json"), JSON.stringify(later));
    await using store = await open(folder.path);
    expect(store.target("blog")).toEqual({ lastActivity: 3 });
  });

  it("keeps a file of an unknown version aside and says so", async () => {
    await using folder = await tempFolder("store");
    await writeFile(join(folder.path, "state.json"), '{"version":99,"targets":{}}');
    const log = recordedLog();
    await using store = await open(folder.path, { log });
    expect(store.targets().size).toBe(0);
    const aside = (await readdir(folder.path)).filter((name) => name.startsWith("state.json.corrupt-"));
    expect(aside).toHaveLength(1);
    expect(log.said.join()).toContain("version 99");
    expect(log.said.join()).toContain(aside[0]);
  });

  it("loses only the record that cannot be read, and keeps the file aside", async () => {
    await using folder = await tempFolder("store");
    const file = { version: 1, targets: { blog: { lastActivity: 3 }, wiki: { lastActivity: "noon" } } };
    await writeFile(join(folder.path, "state.json"), JSON.stringify(file));
    const log = recordedLog();
    await using store = await open(folder.path, { log });
    expect([...store.targets().keys()]).toEqual(["blog"]);
    expect(log.said.join()).toContain("wiki: lastActivity");
    expect((await readdir(folder.path)).filter((name) => name.includes(".corrupt-"))).toHaveLength(1);
  });
});

describe("openFileStore on a folder that cannot be used", () => {
  it("names the folder, the user and what to do", async () => {
    await using folder = await tempFolder("store");
    await writeFile(join(folder.path, "file"), "");
    const dir = join(folder.path, "file", "state");
    await expect(open(dir)).rejects.toMatchObject({ code: "state_unwritable" });
    await expect(open(dir)).rejects.toThrow(dir);
    await expect(open(dir)).rejects.toThrow(`user ${String(process.getuid?.())}`);
    await expect(open(dir)).rejects.toThrow("state_dir");
  });

  it.runIf(process.getuid?.() === 0)("does so when the folder belongs to somebody else", async () => {
    await using folder = await tempFolder("store");
    process.seteuid?.(65_534);
    try {
      await expect(open(join(folder.path))).rejects.toMatchObject({ code: "state_unwritable" });
    } finally {
      process.seteuid?.(0);
    }
  });
});

describe("a disk that fails later", () => {
  it("is said once, never reaches update(), rejects flush(), and is tried again", async () => {
    await using folder = await tempFolder("store");
    const dir = join(folder.path, "state");
    const log = recordedLog();
    await using store = await open(dir, { log });
    await rename(dir, join(folder.path, "away"));
    store.update("blog", { lastActivity: 1 });
    await expect(store.flush()).rejects.toThrow("ENOENT");
    store.update("blog", { lastActivity: 2 });
    await expect(store.flush()).rejects.toThrow("ENOENT");
    expect(log.said).toHaveLength(1);
    expect(log.said[0]).toContain("error: The state file cannot be written");
    await mkdir(dir);
    await expect.poll(() => log.said.length, { timeout: 30_000 }).toBe(2);
    expect(log.said[1]).toContain("can be written again");
    expect(await readFile(join(dir, "state.json"), "utf8")).toContain('"lastActivity":2');
  });

  it("does not keep disposal from ending", async () => {
    await using folder = await tempFolder("store");
    const dir = join(folder.path, "state");
    const log = recordedLog();
    const store = await open(dir, { log });
    await rename(dir, join(folder.path, "away"));
    store.update("blog", { lastActivity: 1 });
    await store[Symbol.asyncDispose]();
    expect(log.said).toHaveLength(1);
  });
});
