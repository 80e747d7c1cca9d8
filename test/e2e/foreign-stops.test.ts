import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { ask, eventually, followEngine, isOpen, visit } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

const GRACE_MS = 3_000;
const HOST = "blog.test";

suite("docker", "somebody else stops the app", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
  });
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
  });

  /** The app runs, Wakegate knows it as ready, and the engine's log begins. */
  async function rig(options: ContainerOptions = {}) {
    const container = (name: string): ContainerOptions => ({
      ...options,
      labels: {
        "wakegate.enable": "true",
        "wakegate.hosts": HOST,
        "wakegate.foreign_stop_grace": `${String(GRACE_MS)}ms`,
        ...options.labels,
      },
      env: { NAME: name, BOOT_MS: "300", ...options.env },
    });
    await docker.run("blog", container("v1"));
    const wakegate = await startWakegate({ socketPath: dockerd.socketPath });
    await wakegate.until("target_ready", "blog");
    const events = await followEngine(docker);
    return {
      wakegate,
      events,
      container,
      visit: () => visit(wakegate, docker, "blog", HOST),
      /** Everybody who asks while it is away, every 100 ms until the promise settles. */
      async visitors(until: Promise<unknown>) {
        const visits: ReturnType<typeof visit>[] = [];
        while (await isOpen(until)) {
          visits.push(visit(wakegate, docker, "blog", HOST));
          await delay(100);
        }
        return Promise.all(visits);
      },
      async [Symbol.asyncDispose]() {
        await wakegate[Symbol.asyncDispose]();
        events[Symbol.dispose]();
        await docker.rm("blog");
      },
    };
  }

  it("docker stop: requests wait through the grace, then one start brings it back", async () => {
    await using r = await rig({ env: { ON_TERM: "slow:1000" } });
    const stopping = docker.stop("blog");
    await r.wakegate.until("foreign_stop", "blog");
    const early = r.visit();
    await stopping;
    const died = await r.events.until("die", "blog");
    const late = r.visit();
    expect(await isOpen(early)).toBe(true);
    expect(await Promise.all([early, late])).toMatchObject([
      { status: 200, app: "v1" },
      { status: 200, app: "v1" },
    ]);
    const starts = r.events.times("start", "blog");
    expect(starts).toHaveLength(1);
    // The grace is counted from what we are told, which cannot be before it happened.
    expect((starts[0] ?? 0) - died).toBeGreaterThanOrEqual(GRACE_MS - 50);
  });

  it("docker stop without a request: it naps, and nobody starts it", async () => {
    await using r = await rig();
    await docker.stop("blog");
    await r.wakegate.until("target_asleep", "blog");
    await delay(500);
    expect(r.events.times("start", "blog")).toEqual([]);
    expect(await r.visit()).toMatchObject({ status: 200, app: "v1" });
  });

  it("docker stop with on_manual_stop: hold: stays down until a person starts it", async () => {
    await using r = await rig({ labels: { "wakegate.on_manual_stop": "hold" } });
    await docker.stop("blog");
    expect(await r.visit()).toMatchObject({ status: 503, app: undefined });
    expect(await ask(r.wakegate, HOST)).toMatchObject({ status: 503, state: "napping" });
    expect(r.events.times("start", "blog")).toEqual([]);
    await docker.start("blog");
    await eventually("ready", async () => (await r.visit()).status === 200);
  });

  it("an update (stop, rm, create, start): all who come in the gap get the new version", async () => {
    await using r = await rig({ env: { ON_TERM: "slow:500" } });
    const update = async (): Promise<void> => {
      await docker.stop("blog");
      await docker.rm("blog");
      await delay(700);
      await docker.create("blog", r.container("v2"));
      await delay(300);
      await docker.start("blog");
    };
    const stopping = update();
    await r.wakegate.until("foreign_stop", "blog");
    const visits = await r.visitors(stopping);
    expect(visits.length).toBeGreaterThan(5);
    expect(visits).toEqual(visits.map(() => expect.objectContaining({ status: 200, app: "v2" }) as unknown));
    expect(r.events.times("start", "blog")).toHaveLength(1);
  });

  it("an update that only creates: after the grace the new one is started for those who wait", async () => {
    await using r = await rig();
    const update = async (): Promise<void> => {
      await docker.stop("blog");
      await docker.rm("blog");
      await delay(500);
      await docker.create("blog", r.container("v2"));
    };
    const stopping = update();
    await r.wakegate.until("foreign_stop", "blog");
    const waiting = r.visit();
    await stopping;
    expect(await waiting).toMatchObject({ status: 200, app: "v2" });
    const gap = (r.events.times("start", "blog")[0] ?? 0) - (r.events.times("die", "blog")[0] ?? 0);
    expect(gap).toBeGreaterThanOrEqual(GRACE_MS - 50);
  });

  it("rm -f and nothing after it: those who wait are told when the grace is over", async () => {
    await using r = await rig();
    const gone = docker.rm("blog");
    await r.wakegate.until("foreign_stop", "blog");
    const waiting = ask(r.wakegate, HOST);
    await gone;
    expect(await waiting).toMatchObject({ status: 503, state: "missing" });
    // The host is still ours: it is never let through as an unknown one.
    expect(await ask(r.wakegate, HOST)).toMatchObject({ status: 503, state: "missing" });
    await docker.create("blog", r.container("v2"));
    await eventually("v2", async () => (await r.visit()).app === "v2");
  });

  it("a crash that the restart policy mends: requests in the gap are answered by the next run", async () => {
    await using r = await rig({ restart: "always", env: { BOOT_MS: "1000" } });
    const before = await r.visit();
    await fetch(`http://${await docker.address("blog")}:8080/exit?code=3`);
    // The first such line is of the run that Wakegate found when it came.
    const lines = ["start_adopted", "target_crashed"];
    await eventually(
      "Wakegate has heard of it",
      () => r.wakegate.log().filter(({ event }) => lines.includes(event)).length > 1,
    );
    const visits = await Promise.all([r.visit(), r.visit()]);
    expect(visits).toMatchObject([
      { status: 200, app: "v1" },
      { status: 200, app: "v1" },
    ]);
    expect(visits[0].run).not.toBe(before.run);
    expect(r.events.times("start", "blog")).toHaveLength(1);
  });

  it("docker restart: requests in the gap are answered by the next run, started by the engine alone", async () => {
    await using r = await rig({ env: { ON_TERM: "slow:500" } });
    const before = await r.visit();
    const restarting = docker.call("POST", "/containers/blog/restart");
    await r.wakegate.until("foreign_stop", "blog");
    const visits = await r.visitors(restarting);
    expect(visits.length).toBeGreaterThan(3);
    expect(visits.filter(({ status, run }) => status !== 200 || run === before.run)).toEqual([]);
    expect(r.events.times("start", "blog")).toHaveLength(1);
  });

  it("kill -HUP is a message: requests pass as before", async () => {
    await using r = await rig();
    const before = await r.visit();
    await docker.kill("blog", "HUP");
    await r.events.until("kill", "blog");
    const after = await r.visitors(delay(1_000));
    expect(after.filter(({ status, run }) => status !== 200 || run !== before.run)).toEqual([]);
    expect(r.wakegate.log().filter(({ event }) => event === "foreign_stop")).toEqual([]);
  });

  it("a SIGTERM that the app survives: those who wait get it again, the same run", async () => {
    await using r = await rig({ env: { ON_TERM: "ignore" }, stopTimeoutSeconds: 0 });
    const before = await r.visit();
    await docker.kill("blog", "TERM");
    await r.wakegate.until("foreign_stop", "blog");
    expect(await r.visit()).toMatchObject({ status: 200, run: before.run });
    expect(r.events.times("start", "blog")).toEqual([]);
  });

  it("docker pause: requests wait through the grace, then it is unpaused for them", async () => {
    await using r = await rig();
    const before = await r.visit();
    await docker.pause("blog");
    await r.wakegate.until("foreign_stop", "blog");
    const [paused = 0] = r.events.times("pause", "blog");
    expect(await r.visit()).toMatchObject({ status: 200, run: before.run });
    expect(r.events.lines("start", "pause", "unpause")).toEqual(["pause blog", "unpause blog"]);
    const [unpaused = 0] = r.events.times("unpause", "blog");
    expect(unpaused - paused).toBeGreaterThanOrEqual(GRACE_MS - 50);
  });

  it("docker pause and unpause, as backups do: those who come between get the same run, and we do nothing", async () => {
    await using r = await rig();
    const before = await r.visit();
    const backup = async (): Promise<void> => {
      await docker.pause("blog");
      await r.wakegate.until("foreign_stop", "blog");
      await delay(1_000);
      await docker.unpause("blog");
    };
    const pausing = backup();
    await r.wakegate.until("foreign_stop", "blog");
    const visits = await r.visitors(pausing);
    expect(visits.length).toBeGreaterThan(3);
    expect(visits.filter(({ status, run }) => status !== 200 || run !== before.run)).toEqual([]);
    expect(r.events.lines("start", "pause", "unpause")).toEqual(["pause blog", "unpause blog"]);
  });
});
