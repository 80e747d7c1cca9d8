import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openRelay } from "../contract/relay.ts";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { ask, eventually, followEngine, isOpen, onDisk, statusOf, visit } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

const HOST = "app.test";

suite("docker", "an engine that comes and goes", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
  });
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
  });

  function container(name: string, options: ContainerOptions = {}): ContainerOptions {
    return {
      ...options,
      labels: {
        "wakegate.enable": "true",
        "wakegate.hosts": HOST,
        "wakegate.foreign_stop_grace": "1s",
        "wakegate.page.details": "true",
        ...options.labels,
      },
      env: { NAME: name, BOOT_MS: "200", ...options.env },
    };
  }

  /** Wakegate reaches the engine through a relay that the test can cut. */
  async function rig(options?: ContainerOptions, running = false) {
    if (options) await docker.create("app", container("v1", options));
    if (running) await docker.start("app");
    const relay = await openRelay(dockerd.socketPath);
    const wakegate = await startWakegate({ socketPath: relay.path });
    if (running) await wakegate.until("target_ready", "app");
    return {
      relay,
      wakegate,
      visit: () => visit(wakegate, docker, "app", HOST),
      /** Looks without waking. */
      state: async () => (await ask(wakegate, HOST, { prefetch: true })).state ?? "ready",
      async [Symbol.asyncDispose]() {
        await wakegate[Symbol.asyncDispose]();
        await relay[Symbol.asyncDispose]();
        await docker.rm("app");
      },
    };
  }

  it("follows by event what people do: created, started, recreated, removed", async () => {
    await using r = await rig();
    using events = await followEngine(docker);
    // Not ours yet: an unknown host passes.
    expect(await ask(r.wakegate, HOST)).toMatchObject({ status: 200 });
    await docker.create("app", container("v1"));
    await r.wakegate.until("target_asleep", "app");
    await docker.start("app");
    await r.wakegate.until("start_adopted", "app");
    expect(await r.visit()).toMatchObject({ status: 200, app: "v1" });
    expect(events.times("start", "app")).toHaveLength(1);
    await docker.rm("app");
    await r.wakegate.until("target_missing", "app");
    expect(await ask(r.wakegate, HOST)).toMatchObject({ status: 503, state: "missing" });
    await docker.create("app", container("v2"));
    await eventually("the new container", async () => (await r.visit()).app === "v2");
  });

  it("gives up the host of a container that comes back without its label", async () => {
    await using r = await rig({}, true);
    await docker.rm("app");
    await r.wakegate.until("target_missing", "app");
    await docker.run("app", { env: { NAME: "free" } });
    await eventually("it passes", async () => (await ask(r.wakegate, HOST)).status === 200);
    // Its old state is known to nobody else either.
    await r.wakegate.kill();
    await r.wakegate.restart();
    expect(await ask(r.wakegate, HOST)).toMatchObject({ status: 200 });
  });

  it("keeps the host of a container that was removed, also over its own restart", async () => {
    await using r = await rig({}, true);
    await onDisk(r.wakegate, HOST);
    await docker.rm("app");
    await r.wakegate.until("target_missing", "app");
    await r.wakegate.kill();
    await r.wakegate.restart();
    const told = await ask(r.wakegate, HOST);
    expect(told).toMatchObject({ status: 503, state: "unavailable" });
    expect((await r.wakegate.until("target_unlisted", "app")).msg).toContain("does not exist any more");
    await docker.create("app", container("v2"));
    await eventually("the new container", async () => (await r.visit()).app === "v2");
    // A name of its own takes the host over: the record of the old name does not stand in its way.
    await docker.rm("app");
    await docker.create("app", container("v3", { labels: { "wakegate.name": "zebra" } }));
    await r.wakegate.kill();
    await r.wakegate.restart();
    await eventually("the renamed one", async () => (await r.visit()).app === "v3");
  });

  it("goes on when its event stream is cut, and mends what it missed meanwhile", async () => {
    await using r = await rig({}, true);
    const before = await r.visit();
    // Calls fail and events are lost, but what is ready stays so: its bytes do not pass through the engine.
    await r.relay.goAway();
    await r.wakegate.until("engine_away");
    expect(await r.visit()).toMatchObject({ status: 200, run: before.run });
    await docker.stop("app", 0);
    await delay(300);
    expect((await ask(r.wakegate, HOST)).status).toBe(200);
    await r.relay.comeBack();
    await r.wakegate.until("foreign_stop", "app");
    const after = await r.visit();
    expect(after).toMatchObject({ status: 200, app: "v1" });
    expect(after.run).not.toBe(before.run);
  });

  it("hardly notices a cut that lasts a moment: no outage, no error, and nothing that runs is touched", async () => {
    await using r = await rig({}, true);
    using events = await followEngine(docker);
    const before = await r.visit();
    for (let i = 0; i < 3; i++) {
      r.relay.cut();
      const answers = await Promise.all(Array.from({ length: 10 }, () => r.visit()));
      expect(answers.filter(({ status, run }) => status !== 200 || run !== before.run)).toEqual([]);
      await delay(400);
    }
    expect(r.wakegate.log().filter(({ event }) => event === "engine_away")).toEqual([]);
    await docker.stop("app", 0);
    await r.wakegate.until("foreign_stop", "app");
    expect(await r.visit()).toMatchObject({ status: 200, app: "v1" });
    expect(events.times("start", "app")).toHaveLength(1);
  });

  it("survives a cut in the middle of a wake: the request that waits is answered by the app", async () => {
    await using r = await rig({ env: { BOOT_MS: "1500" } });
    using events = await followEngine(docker);
    const waiting = r.visit();
    await events.until("start", "app");
    r.relay.cut();
    expect(await waiting).toMatchObject({ status: 200, app: "v1" });
    expect(events.times("start", "app")).toHaveLength(1);
  });

  it("is told at once why nothing can be woken while the engine is away, and wakes when it is back", async () => {
    await using r = await rig({});
    await r.relay.goAway();
    await r.wakegate.until("engine_away");
    const told = await ask(r.wakegate, HOST);
    expect(told).toMatchObject({ status: 503, state: "missing" });
    expect(told.body).toContain(r.relay.path);
    await r.relay.comeBack();
    await eventually("a wake", async () => (await r.visit()).app === "v1");
  });

  it("starts while the engine is down: known hosts answer 503 with the reason, then everything works", async () => {
    await using r = await rig({});
    expect(await r.visit()).toMatchObject({ status: 200 });
    await onDisk(r.wakegate, HOST);
    await r.wakegate.kill();
    await r.relay.goAway();
    // It waits for the first listing, and not for ever.
    const restarting = r.wakegate.restart().catch(() => undefined);
    const told = await eventually("an answer", () => ask(r.wakegate, HOST).catch(() => undefined));
    expect(told).toMatchObject({ status: 503, state: "unavailable" });
    expect((await fetch(`http://${r.wakegate.internal}/healthz`)).status).toBe(200);
    expect((await fetch(`http://${r.wakegate.internal}/readyz`)).status).toBe(503);
    expect((await r.wakegate.until("engine_away")).msg).toContain(r.relay.path);
    await r.relay.comeBack();
    await restarting;
    await eventually("it is ready", async () => (await fetch(`http://${r.wakegate.internal}/readyz`)).ok);
    expect(await r.visit()).toMatchObject({ status: 200, app: "v1" });
  });

  it("follows a restart of the engine that kills its containers: the next request wakes the app", async () => {
    await using r = await rig({}, true);
    const before = await r.visit();
    await dockerd.kill();
    // The containers outlive the daemon, so the app goes on.
    expect((await ask(r.wakegate, HOST)).status).toBe(200);
    await dockerd.restart();
    expect(await statusOf(docker, "app")).toBe("exited");
    await eventually("Wakegate has noticed", async () => (await r.state()) !== "ready");
    const after = await r.visit();
    expect(after).toMatchObject({ status: 200, app: "v1" });
    expect(after.run).not.toBe(before.run);
  });

  it("follows a restart of the engine that brings the app back by its policy", async () => {
    await using r = await rig({ restart: "always" }, true);
    const before = await r.visit();
    await dockerd.kill();
    await dockerd.restart();
    using events = await followEngine(docker);
    const after = await eventually("the next run", async () => {
      const visited = await r.visit().catch(() => undefined);
      return visited?.status === 200 && visited.run !== before.run ? visited : undefined;
    });
    expect(after.app).toBe("v1");
    expect(r.wakegate.log().filter(({ event }) => event === "wake_failed")).toEqual([]);
    expect(events.lines("die")).toEqual([]);
  });

  it("keeps a request through an engine that dies while it wakes the app", async () => {
    await using r = await rig({ env: { BOOT_MS: "1500" }, labels: { "wakegate.wake_timeout": "60s" } });
    using events = await followEngine(docker);
    const waiting = ask(r.wakegate, HOST);
    await events.until("start", "app");
    await dockerd.kill();
    await dockerd.restart();
    const told = await waiting;
    // The app may have answered before its engine came back and ended it; else the client is told to retry.
    const clear = told.status === 503 && (told.retryAfter ?? 0) > 0;
    expect(told.status === 200 || clear).toBe(true);
    await eventually("the app", async () => (await r.visit().catch(() => undefined))?.status === 200);
    expect(await isOpen(waiting)).toBe(false);
  });
});
