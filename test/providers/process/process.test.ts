import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ProcessSpec } from "../../../src/config/model.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { openProcessProvider } from "../../../src/providers/open.ts";
import type { ProcessProvider } from "../../../src/providers/process/provider.ts";
import type { Instance } from "../../../src/providers/provider.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

const never = new AbortController().signal;

describe("the process provider", () => {
  let folder: TempFolder;
  let provider: ProcessProvider;

  beforeEach(async () => {
    folder = await tempFolder("process");
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await provider.sleep("app", { method: "kill" }, never).catch(() => undefined);
    await provider[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function open(command: readonly string[], more: Partial<ProcessSpec> = {}): Promise<ProcessProvider> {
    const specs = new Map([["app", { command, env: {}, ...more }]]);
    provider = await openProcessProvider(specs, { clock: systemClock, stateDir: folder.path });
    return provider;
  }

  async function look(): Promise<Instance> {
    const instance = await provider.inspect("app", never);
    if (!instance) throw new Error("gone");
    return instance;
  }

  async function logged(text: string): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const lines = await provider.logs("app", { lines: 50, bytes: 5000 }, never);
      if (lines.some((line) => line.includes(text))) return;
      await delay(20);
    }
    throw new Error(`never logged ${text}`);
  }

  test("says which command did not start, and why", async () => {
    await open(["/not/there", "x"]);
    const wake = provider.wake({ id: "app", status: "created" }, never);
    await expect(wake).rejects.toMatchObject({
      name: "ProviderError",
      code: "engine_failed",
      message: 'process app: "/not/there" did not start: spawn /not/there ENOENT',
    });
    expect(await look()).toMatchObject({ status: "exited", exit: { code: 127 } });
  });

  test("uses no shell", async () => {
    await open(["/bin/echo", "$HOME; exit 3"]);
    await provider.wake({ id: "app", status: "created" }, never);
    await logged("$HOME; exit 3");
  });

  test("keeps Wakegate's own settings from the app, and hands on the rest", async () => {
    vi.stubEnv("WAKEGATE_API_TOKEN", "secret");
    vi.stubEnv("EDITOR_OF_CHOICE", "ed");
    await open(["/usr/bin/env"], { env: { COLOUR: "blue" }, cwd: folder.path });
    await provider.wake({ id: "app", status: "created" }, never);
    await logged("COLOUR=blue");
    await logged("EDITOR_OF_CHOICE=ed");
    expect(await provider.logs("app", { lines: 500, bytes: 50_000 }, never)).not.toContain(
      "WAKEGATE_API_TOKEN=secret",
    );
  });

  test("ends helpers together with their leader", async () => {
    const script =
      "trap 'exit 0' TERM; sh -c 'trap \"\" TERM; echo helper $$; while :; do sleep 0.1; done' & while :; do sleep 0.05; done";
    await open(["/bin/sh", "-c", script]);
    await provider.wake({ id: "app", status: "created" }, never);
    await logged("helper");
    const lines = await provider.logs("app", { lines: 5, bytes: 500 }, never);
    const helper = Number(lines.join(" ").match(/helper (\d+)/)?.[1]);
    await provider.sleep("app", { method: "stop", timeoutMs: 500 }, never);
    expect(() => process.kill(helper, 0)).toThrow("ESRCH");
    expect((await look()).status).toBe("exited");
  });

  test("never takes a used-again process id for its own", async () => {
    const stranger = spawn("/bin/sleep", ["60"], { stdio: "ignore", detached: true });
    const { pid = 0 } = stranger;
    try {
      mkdirSync(join(folder.path, "processes"), { recursive: true });
      const record = { pid, identity: "another boot/12345", startedAt: 1 };
      writeFileSync(join(folder.path, "processes/app.json"), JSON.stringify(record));
      await open(["/bin/sleep", "61"]);
      expect(await look()).toMatchObject({ status: "exited", exit: { code: -1 } });
      await provider.sleep("app", { method: "kill" }, never);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  test("starts afresh with a record that makes no sense", async () => {
    mkdirSync(join(folder.path, "processes"), { recursive: true });
    for (const text of ["", "{", "null", '{"pid":1,"identity":"x","startedAt":1}', '{"pid":"2"}']) {
      writeFileSync(join(folder.path, "processes/app.json"), text);
      await open(["/bin/sleep", "61"]);
      expect((await look()).status).toBe("created");
      await provider[Symbol.asyncDispose]();
    }
  });

  test("tells the end of a process that an earlier Wakegate started", async () => {
    const first = await open(["/bin/sleep", "61"]);
    await first.wake({ id: "app", status: "created" }, never);
    const { pid = 0 } = await look();
    await first[Symbol.asyncDispose]();
    await open(["/bin/sleep", "61"]);
    expect(await look()).toMatchObject({ status: "running", pid });
    const sink = new RecordingSink();
    const stop = new AbortController();
    const done = provider.watch(sink, stop.signal);
    process.kill(pid, "SIGKILL");
    await sink.until("died", (sink) => sink.causes("app").includes("died"));
    expect((await look()).status).toBe("exited");
    stop.abort();
    await done;
  });

  test("lists anew when the configuration changes, and touches nothing that runs", async () => {
    await open(["/bin/sleep", "61"]);
    await provider.wake({ id: "app", status: "created" }, never);
    const { pid, runId } = await look();
    const sink = new RecordingSink();
    const stop = new AbortController();
    const done = provider.watch(sink, stop.signal);
    const other = { command: ["/bin/true"], env: {} };
    provider.configure(new Map([["other", other]]));
    expect(sink.listings.at(-1)?.instances.map(({ id }) => id)).toEqual(["other"]);
    provider.configure(
      new Map([
        ["app", { command: ["/bin/sleep", "62"], env: {} }],
        ["other", other],
      ]),
    );
    expect(await look()).toMatchObject({ status: "running", pid, runId });
    await provider.sleep("app", { method: "stop" }, never);
    await provider.wake(await look(), never);
    const now = await look();
    expect(readFileSync(`/proc/${String(now.pid)}/cmdline`, "utf8")).toContain("62");
    stop.abort();
    await done;
  });
});
