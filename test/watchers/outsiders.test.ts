import { describe, expect, it } from "vitest";
import { sleep } from "../../src/lib/clock.ts";
import { keepJournal } from "../../src/watchers/journal.ts";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const RUNNING = { labels: labels(), status: "running" } as const;

describe("a stop that is not ours", () => {
  it("is no nap during the grace: requests wait, nothing is started, then they wake it", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    void r.world.stoppedByHand("blog");
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    expect(r.watcher("blog").progress().stoppedOutside).toEqual({});
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(2_000);
    expect(r.watcher("blog").progress().stoppedOutside?.wakesInMs).toBeCloseTo(8_000, -3);
    await r.clock.advance(8_000);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(200);
    expect(r.world.calls).toEqual(["start blog"]);
  });

  it("becomes a nap after the grace when nobody asks", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    void r.world.stoppedByHand("blog");
    await r.clock.advance(10_200);
    expect(r.state("blog")).toBe("napping");
    expect(r.world.calls).toEqual([]);
  });

  it("lasts until somebody starts it again with on_manual_stop: hold", async () => {
    const own = labels({ "wakegate.on_manual_stop": "hold" });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: own, status: "running" }) });
    void r.world.stoppedByHand("blog");
    await settle();
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    // Promises no wake that will not come.
    expect(r.watcher("blog").progress()).toMatchObject({ phase: "stopping", stoppedOutside: {} });
    expect(r.watcher("blog").progress().stoppedOutside).not.toHaveProperty("wakesInMs");
    await r.clock.advance(11_000);
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("blog").gate).toMatchObject({ kind: "asleep", mayNotWake: { kind: "hold" } });
    expect(r.world.calls).toEqual([]);
    r.world.runs("blog");
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
  });

  it("is an update when the container is removed and created anew: the waiting request gets the new one", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    void r.world.stoppedByHand("blog");
    await r.clock.advance(200);
    r.world.remove("blog");
    await settle();
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(2_000);
    const fresh = r.world.create("blog", { labels: labels() });
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    r.world.runs(fresh);
    await settle();
    expect(r.state("blog")).toBe("ready");
    expect(r.world.calls).toEqual([]);
  });

  it("that an app survives does not keep requests waiting for ever", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    r.world.signalled("blog", "SIGTERM");
    await settle();
    expect(r.watcher("blog").gate.kind).toBe("coming");
    await r.clock.advance(16_000);
    expect(r.watcher("blog").gate.kind).toBe("ready");
  });

  it("ends a failed wake's run too: nobody is let through to it meanwhile, and hold holds", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          labels: labels({
            "wakegate.readiness.kind": "healthcheck",
            "wakegate.wake_timeout": "2s",
            "wakegate.on_manual_stop": "hold",
          }),
          status: "exited",
          healthcheck: ["healthy"],
          behaviour: { exec: { exitCode: 1, output: "" } },
        }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    expect([r.state("blog"), r.world.get("blog").status]).toEqual(["error", "running"]);
    r.world.behaviour.set("blog", { exec: { exitCode: 0, output: "" } });
    const stopped = r.world.stoppedByHand("blog", 3_000);
    await settle();
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("blog")).toBe("stopping");
    await r.clock.advance(60_000);
    await stopped;
    expect(r.watcher("blog").state).toMatchObject({ kind: "napping", held: true });
  });

  it("is not seen in a SIGHUP", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    r.world.signalled("blog", "SIGHUP");
    await settle();
    expect(r.watcher("blog").gate.kind).toBe("ready");
  });

  it("is not seen in a crash: the next request wakes it at once", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    using _ = keepJournal(r.registry, r.log);
    r.world.dies("blog", 1);
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "asleep" });
    expect(r.log.of("target_crashed")).toEqual(["blog ended by itself with exit code 1 while it was ready"]);
  });
});

describe("a run that nobody but the engine began", () => {
  it("is said to be one of its restart policy", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { ...RUNNING, restartPolicy: "always" }) });
    using _ = keepJournal(r.registry, r.log);
    r.world.change("blog", { status: "restarting", exit: { code: 1, oomKilled: false, at: 0 } }, "died");
    await settle();
    expect(r.log.of("start_adopted")).toEqual(["blog ended and is started again by its restart policy"]);
  });

  it("is somebody else's where it came out of a sleep", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }) });
    using _ = keepJournal(r.registry, r.log);
    r.world.runs("blog");
    await settle();
    expect(r.log.of("start_adopted")).toEqual(["blog was started outside Wakegate"]);
  });
});

describe("a pause that is not ours", () => {
  it("is left alone for the grace, as backups need it, and requests wait for its end", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    r.world.change("blog", { status: "paused" }, "paused");
    await settle();
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(9_000);
    expect(r.world.calls).toEqual([]);
    expect(r.watcher("blog").gate.kind).toBe("coming");
    r.world.change("blog", { status: "running" }, "unpaused");
    await settle();
    expect(r.watcher("blog").gate.kind).toBe("ready");
    expect(r.world.calls).toEqual([]);
  });

  it("is a nap when it lasts longer: then a request unpauses it", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    r.world.change("blog", { status: "paused" }, "paused");
    await settle();
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(10_000);
    expect(r.world.calls).toEqual(["unpause blog"]);
    expect(r.state("blog")).toBe("ready");
  });
});

describe("what others do", () => {
  it("adopts a start by hand, and puts it to sleep when idle like any other", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }) });
    r.world.runs("blog");
    await settle();
    expect(r.state("blog")).toBe("ready");
    await r.clock.advance(92_000);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("proves a run anew that nobody told of, as soon as it looks at it", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.world.deaf = true;
    r.world.dies("blog", 143);
    r.world.runs("blog");
    await r.clock.advance(62_000);
    expect(r.watcher("blog").state).toMatchObject({
      kind: "ready",
      since: r.clock.now() - 2_000,
      seen: { run: r.world.get("blog").runId },
    });
  });

  it("is asked for by a request: then a stop that failed is not tried again", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "running", behaviour: { failStop: "cannot do that" } }),
    });
    await r.clock.advance(91_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    const inspect = r.world.inspect.bind(r.world);
    r.world.inspect = async (ref) => {
      await sleep(r.clock, 5_000);
      return await inspect(ref);
    };
    await r.clock.advance(3_000);
    using _ = r.watcher("blog").lease("held request");
    await r.clock.advance(30_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    expect(r.state("blog")).toBe("ready");
  });

  it("is left as a person has paused it, though a stop of the run before kept failing", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "running", behaviour: { failStop: "busy" } }),
    });
    await r.clock.advance(91_000);
    expect(r.state("blog")).toBe("stopping");
    r.world.deaf = true;
    r.world.runs("blog");
    r.world.change("blog", { status: "paused" }, "paused");
    await r.clock.advance(10_000);
    expect(r.watcher("blog").state).toMatchObject({ kind: "napping", how: "paused" });
  });

  it("does not stop a run that somebody else started while a stop of the one before kept failing", async () => {
    await using r = await rig({
      setUp: (w) => {
        const needs = compose("app", "db:service_started:false");
        w.create("app", { labels: { ...labels(), ...needs }, status: "exited" });
        w.create("db", { labels: compose("db"), status: "exited" });
      },
    });
    r.watcher("app").wake(BY_REQUEST);
    await settle();
    r.world.behaviour.set("db", { failStop: "cannot do that" });
    await r.clock.advance(3 * 60_000);
    expect(r.state("db")).toBe("stopping");
    // The engine was restarted, and brings it back.
    r.world.deaf = true;
    r.world.dies("db", 137);
    r.world.runs("db");
    r.world.behaviour.delete("db");
    const before = r.world.calls.length;
    await r.clock.advance(10 * 60_000);
    expect(r.world.calls.slice(before)).toEqual([]);
    expect(r.state("db")).toBe("ready");
  });

  it("follows a restart, proving readiness anew", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    const seen: string[] = [];
    r.registry.moved.subscribe(({ before, after }) => {
      if (before.kind !== after.kind) seen.push(`${before.kind} > ${after.kind}`);
    });
    r.world.signalled("blog", "SIGTERM");
    r.world.dies("blog", 143);
    r.world.runs("blog");
    await settle();
    expect(seen).toEqual(["ready > stopping", "stopping > starting", "starting > ready"]);
  });

  it("mends a lost event by the next listing", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    r.world.deaf = true;
    r.world.dies("blog", 0);
    await settle();
    expect(r.state("blog")).toBe("ready");
    r.world.deaf = false;
    r.world.relist();
    await r.clock.advance(11_000);
    expect(r.state("blog")).toBe("napping");
  });

  it("keeps the route of a removed container and takes up its successor", async () => {
    const own = labels({ "wakegate.hosts": "blog.example.com" });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: own, status: "exited" }) });
    r.world.remove("blog");
    await settle();
    expect(r.watcher("blog").gate.kind).toBe("missing");
    expect(r.registry.entries.map(({ routes }) => routes[0]?.host)).toEqual(["blog.example.com"]);
    r.world.create("blog", { labels: own });
    await settle();
    expect(r.watcher("blog").gate.kind).toBe("asleep");
  });

  it("does not take a container that is only created for the one that serves", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    r.world.create("0123456789ab_blog", { labels: labels({ "wakegate.name": "blog" }) });
    await settle();
    expect(r.watcher("blog").gate.kind).toBe("ready");
  });

  it("leaves a ready target whose health command fails and proves it anew", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", RUNNING) });
    const seen: string[] = [];
    r.registry.moved.subscribe(({ after }) => seen.push(after.kind));
    r.world.change("blog", { health: "unhealthy" }, "health");
    await settle();
    expect(seen).toEqual(["starting", "ready"]);
    r.world.change("blog", { health: "unhealthy" }, "health");
    await settle();
    expect(seen).toEqual(["starting", "ready"]);
  });

  it("never makes a target of the proxy that asks", async () => {
    await using r = await rig({
      setUp: (w) => w.create("traefik", { ...RUNNING, networks: [{ name: "n", address: "172.20.0.5" }] }),
    });
    r.registry.noteAsker("172.20.0.5");
    await r.clock.advance(10 * 60_000);
    expect(r.world.calls).toEqual([]);
    expect(r.log.of("proxy_is_target")).toHaveLength(1);
  });
});
