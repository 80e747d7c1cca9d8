import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { ask, eventually, followEngine, isOpen, onDisk, statusOf, visit } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

const HOST = "app.test";

suite("docker", "Wakegate itself dies", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
  });
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
  });

  async function rig(options: ContainerOptions = {}) {
    await docker.create("app", {
      ...options,
      labels: { "wakegate.enable": "true", "wakegate.hosts": HOST, ...options.labels },
    });
    const events = await followEngine(docker);
    const wakegate = await startWakegate({ socketPath: dockerd.socketPath });
    return {
      wakegate,
      events,
      visit: () => visit(wakegate, docker, "app", HOST),
      /** Looks without waking. */
      state: async () => (await ask(wakegate, HOST, { prefetch: true })).state ?? "ready",
      record: async () => {
        const text = await readFile(join(wakegate.folder, "state/state.json"), "utf8");
        return (JSON.parse(text) as { targets: Record<string, { stopIntent?: unknown }> }).targets["app"];
      },
      async [Symbol.asyncDispose]() {
        await wakegate[Symbol.asyncDispose]();
        events[Symbol.dispose]();
        await docker.rm("app");
      },
    };
  }

  it("by kill -9 during a wake: who held on gets an answer at the next try, and nothing starts twice", async () => {
    await using r = await rig({ env: { BOOT_MS: "4000" } });
    const broken = r.visit().then(
      () => "answered",
      () => "broken",
    );
    await r.events.until("start", "app");
    await r.wakegate.kill();
    expect(await broken).toBe("broken");
    await r.wakegate.restart();
    expect(await r.visit()).toMatchObject({ status: 200, app: "sleepy" });
    expect(r.events.lines("start", "die")).toEqual(["start app"]);
  });

  it("by kill -9 during a slow stop: the dying container is not called ready, and is woken when it is down", async () => {
    await using r = await rig({
      labels: { "wakegate.idle_timeout": "500ms" },
      env: { ON_TERM: "slow:20000" },
      stopTimeoutSeconds: 60,
    });
    const before = await r.visit();
    await r.events.until("kill", "app");
    await r.wakegate.kill();
    await r.wakegate.restart();
    // Right after the listing it is not known yet which run this is: then it is only on its way.
    const state = await eventually("it was looked at", async () => {
      const word = await r.state();
      return word !== "starting" && word;
    });
    expect(await statusOf(docker, "app"), "this machine is too slow for this test").toBe("running");
    expect(state).toBe("stopping");
    const held = r.visit();
    const after = await held;
    expect(after).toMatchObject({ status: 200, app: "sleepy" });
    expect(after.run).not.toBe(before.run);
    expect(r.events.lines("start", "die").slice(0, 3)).toEqual(["start app", "die app", "start app"]);
  });

  it("by kill -9 while the engine stops the app: what it finds stopped later is woken by the next request", async () => {
    await using r = await rig({
      labels: { "wakegate.idle_timeout": "500ms", "wakegate.stop_timeout": "1s" },
      env: { ON_TERM: "ignore" },
    });
    const before = await r.visit();
    await r.events.until("kill", "app");
    await r.wakegate.kill();
    await r.events.until("die", "app");
    await r.wakegate.restart();
    const after = await r.visit();
    expect(after.status).toBe(200);
    expect(after.run).not.toBe(before.run);
  });

  it("by kill -9 in ready: passes go on at once, and it sleeps no earlier than its idle time after the last use", async () => {
    const idleMs = 5_000;
    await using r = await rig({ labels: { "wakegate.idle_timeout": `${String(idleMs)}ms` } });
    const before = await r.visit();
    await onDisk(r.wakegate, "lastActivity");
    await r.wakegate.kill();
    await r.wakegate.restart();
    const used = Date.now();
    expect(await r.visit()).toMatchObject({ status: 200, run: before.run });
    const died = await r.events.until("die", "app");
    expect(died - used).toBeGreaterThanOrEqual(idleMs);
    expect(r.events.times("start", "app")).toHaveLength(1);
  });

  it("by kill -9 in ready, and nobody comes any more: it still falls asleep one day", async () => {
    const idleMs = 3_000;
    await using r = await rig({ labels: { "wakegate.idle_timeout": `${String(idleMs)}ms` } });
    await r.visit();
    const used = Date.now();
    await r.wakegate.kill();
    await r.wakegate.restart();
    expect((await r.events.until("die", "app")) - used).toBeGreaterThanOrEqual(idleMs);
    await r.wakegate.until("target_asleep", "app");
    await eventually("the intent is off the disk", async () => (await r.record())?.stopIntent === undefined);
  });

  it("by SIGTERM: a held request gets a clear answer, a running app is not touched, exit code 0", async () => {
    await using r = await rig({ env: { BOOT_MS: "600000" } });
    await docker.run("other", {
      labels: { "wakegate.enable": "true", "wakegate.hosts": "other.test", "wakegate.idle_timeout": "1h" },
    });
    try {
      await r.wakegate.until("target_ready", "other");
      const held = ask(r.wakegate, HOST);
      await r.events.until("start", "app");
      expect(await isOpen(held)).toBe(true);
      const code = await r.wakegate.end();
      const told = await held;
      expect(told).toMatchObject({ status: 503, state: "shutdown" });
      expect(told.retryAfter).toBeGreaterThan(0);
      expect(told.body).toContain("Wakegate is restarting");
      expect(code).toBe(0);
      expect(await statusOf(docker, "other")).toBe("running");
      expect(await statusOf(docker, "app")).toBe("running");
      expect(r.events.lines("die", "kill", "pause")).toEqual([]);
    } finally {
      await docker.rm("other");
    }
  });

  it("by SIGTERM during a stop: the call is waited for, and nothing is left to be guessed", async () => {
    await using r = await rig({
      labels: { "wakegate.idle_timeout": "500ms" },
      env: { ON_TERM: "slow:2500" },
    });
    await r.visit();
    await r.events.until("kill", "app");
    const held = ask(r.wakegate, HOST);
    await eventually("it waits", async () => (await isOpen(held)) && (await r.state()) === "stopping");
    expect(await r.wakegate.end()).toBe(0);
    expect(await held).toMatchObject({ status: 503, state: "shutdown" });
    expect(await statusOf(docker, "app")).toBe("exited");
    expect((await r.record())?.stopIntent).toBeUndefined();
    expect(r.events.times("start", "app")).toHaveLength(1);
    await r.wakegate.restart();
    expect(await r.visit()).toMatchObject({ status: 200 });
  });
});
