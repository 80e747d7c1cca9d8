import { describe, expect, it, vi } from "vitest";
import { gateOf } from "../../src/watchers/gate.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig, type Rig } from "./world.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

/** A Wakegate that finds its decision to stop a run, taken at `at` (wall ms), and the container running or paused. */
function afterDecision({
  method = "stop",
  at = START,
  runsNow = "r1",
  status = "running",
}: {
  method?: "stop" | "pause";
  at?: number;
  runsNow?: string;
  status?: "running" | "paused";
} = {}): Promise<Rig> {
  const stopIntent = { instance: "b", run: "r1", method, at, until: at + 20_000 };
  return rig({
    records: { blog: { stopIntent } },
    setUp: (w) => w.create("blog", { id: "b", labels: labels(), status, runId: runsNow }),
  });
}

describe("after Wakegate was killed", () => {
  it("does not call a container ready whose stop it had decided", async () => {
    await using r = await afterDecision();
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    r.world.dies("blog", 143);
    await settle();
    expect(r.world.calls).toEqual(["start blog"]);
    expect(r.state("blog")).toBe("ready");
  });

  it("takes it as alive when that stop never reached the engine", async () => {
    await using r = await afterDecision();
    await r.clock.advance(20_100);
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
    expect(r.world.calls).toEqual([]);
  });

  it("asks again how that stop ended where the engine did not answer", async () => {
    await using r = await afterDecision();
    r.world.outage = "no answer";
    await r.clock.advance(21_000);
    r.world.outage = undefined;
    await r.clock.advance(60_000);
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
    expect(r.log.lines.map(({ event }) => event)).not.toContain("watcher_job_failed");
  });

  it("takes it as asleep when that stop was a pause, though the engine did not say so at first", async () => {
    await using r = await afterDecision({ method: "pause" });
    r.world.deaf = true;
    r.world.change("b", { status: "paused" }, "paused");
    const asked = vi.spyOn(r.world, "inspect");
    await r.clock.advance(60_000);
    expect(r.watcher("blog").state).toMatchObject({ kind: "napping", how: "paused" });
    expect(asked.mock.calls.length).toBeLessThan(5);
  });

  it("waits for that stop as long as it was given, also when the clock was set back meanwhile", async () => {
    await using r = await afterDecision({ at: START + 60 * MINUTE });
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    await r.clock.advance(20_100);
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
  });

  it("does not call a paused container ready, once it goes on, whose stop it had decided", async () => {
    await using r = await afterDecision({ status: "paused" });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual(["unpause blog"]);
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    r.world.dies("blog", 143);
    await settle();
    expect(r.world.calls).toEqual(["unpause blog", "start blog"]);
    expect(r.state("blog")).toBe("ready");
  });

  it("does not forget that stop over one of its own that a request keeps it from", async () => {
    const stopIntent = {
      instance: "b",
      run: "r1",
      method: "stop",
      at: START,
      until: START + 20_000,
    } as const;
    const store = new MemoryStore({ blog: { stopIntent, napped: { run: "r1", at: START - 60 * MINUTE } } });
    store.flush = (signal?: AbortSignal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    const tiers = labels({ "wakegate.pause_after": "5m", "wakegate.stop_after": "30m" });
    await using r = await rig({
      store,
      setUp: (w) => w.create("blog", { id: "b", labels: tiers, status: "paused", runId: "r1" }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual(["unpause blog"]);
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
  });

  it("does not call it ready either when the engine says only later that it goes on", async () => {
    await using r = await afterDecision({ status: "paused" });
    r.world.wake = () => Promise.reject(new Error("the answer was lost"));
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.state("blog")).toBe("error");
    r.world.change("blog", { status: "running" }, "unpaused");
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
  });

  it("takes a paused container as alive when its stop never reached the engine", async () => {
    await using r = await afterDecision({ status: "paused" });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(20_100);
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
    expect(r.world.calls).toEqual(["unpause blog"]);
  });

  it.each([
    { what: "was to be paused only", method: "pause", at: START },
    { what: "should have been down long ago", method: "stop", at: START - MINUTE },
  ] as const)("lets a paused container be used at once that $what", async ({ method, at }) => {
    await using r = await afterDecision({ status: "paused", method, at });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
  });

  it("puts a dependency to sleep that it had just started, although somebody paused it before it saw that", async () => {
    await using r = await rig({
      records: { db: { startIntent: { run: "r1" } }, other: { startIntent: { run: "r7" } } },
      setUp: (w) => {
        w.create("db", { labels: compose("db"), status: "paused", runId: "r2" });
        w.create("other", { labels: compose("other"), status: "paused", runId: "r7" });
        const needs = "db:service_started:false,other:service_started:false";
        w.create("app", { labels: { ...labels(), ...compose("app", needs) }, status: "exited" });
      },
    });
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(5 * MINUTE);
    expect(r.world.calls.filter((call) => call.startsWith("stop"))).toEqual(["stop app", "stop db"]);
  });

  it("puts a dependency to sleep that it had just started, although it never saw that run", async () => {
    await using r = await rig({
      records: { db: { startIntent: { run: "r1" } }, other: { startIntent: { run: "r7" } } },
      setUp: (w) => {
        w.create("db", { labels: compose("db"), status: "running", runId: "r2" });
        w.create("other", { labels: compose("other"), status: "running", runId: "r7" });
        const needs = "db:service_started:false,other:service_started:false";
        w.create("app", { labels: { ...labels(), ...compose("app", needs) }, status: "exited" });
      },
    });
    await r.clock.advance(5 * MINUTE);
    expect(r.world.calls).toEqual(["stop db"]);
  });

  it("ignores the intent for a run that is over", async () => {
    await using r = await afterDecision({ runsNow: "r2" });
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
  });

  it("goes on with the idle time of the last known use, but gives at least a minute", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "30m" },
      records: { used: { lastActivity: START - 10 * MINUTE }, old: { lastActivity: START - 50 * MINUTE } },
      setUp: (w) => {
        w.create("used", { labels: labels(), status: "running" });
        w.create("old", { labels: labels(), status: "running" });
      },
    });
    await r.clock.advance(MINUTE - 1);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(MINUTE);
    expect(r.world.calls).toEqual(["stop old"]);
    await r.clock.advance(18 * MINUTE - 1);
    expect(r.world.calls).toEqual(["stop old"]);
    await r.clock.advance(MINUTE);
    expect(r.world.calls).toEqual(["stop old", "stop used"]);
  });

  it("still stops a dependency that it had started before", async () => {
    await using r = await rig({
      records: { db: { startedRun: "r1" } },
      setUp: (w) => {
        w.create("app", { labels: labels({ "wakegate.depends_on": "db" }), status: "exited" });
        w.create("db", { status: "running", runId: "r1" });
      },
    });
    await r.clock.advance(MINUTE);
    expect(r.world.calls).toEqual(["stop db"]);
  });

  it("keeps hosts from before while an engine has not been listed", async () => {
    const routes = [{ host: "old.example.com", prefix: "/" }];
    await using r = await rig({ records: { old: { routes } }, setUp: (w) => void (w.outage = "down") });
    expect(r.registry.settled).toBe(false);
    expect(r.registry.entries).toMatchObject([
      { name: "old", unavailable: /* why */ expect.stringContaining("not been listed") as string },
    ]);
    expect(r.registry.entries[0]).not.toHaveProperty("lost");
  });

  it("knows that nothing stands behind such a host once the engine was listed without it", async () => {
    const routes = [{ host: "old.example.com", prefix: "/" }];
    await using r = await rig({ records: { old: { routes } } });
    expect(r.registry.entries).toMatchObject([{ name: "old", lost: true }]);
  });

  it("lets requests wait, rather than fail, before the first listing", () => {
    const unlisted = { kind: "missing", why: "unlisted", message: "", since: 0 } as const;
    expect(gateOf(unlisted)).toEqual({ kind: "coming", state: "starting" });
  });

  it("remembers since when a target sleeps", async () => {
    await using r = await rig({
      records: { blog: { asleepSince: START - MINUTE } },
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }),
    });
    expect(r.store.target("blog")?.asleepSince).toBe(START - MINUTE);
  });

  it("keeps the host of a removed container, but not of one that is no target any more", async () => {
    const of = (host: string) => ({ routes: [{ host, prefix: "/" }] });
    await using r = await rig({
      records: { gone: of("gone.example.com"), plain: of("plain.example.com"), off: of("off.example.com") },
      setUp: (w) => {
        w.create("plain", { status: "running" });
        w.create("off", { labels: { "wakegate.enable": "false" } });
      },
    });
    expect(r.registry.entries.map(({ name }) => name)).toEqual(["gone"]);
    expect(r.log.of("target_unlisted")).toHaveLength(1);
  });

  it("gives a host to the target that has it now, not to the name that had it before", async () => {
    const routes = [{ host: "blog.example.com", prefix: "/" }];
    await using r = await rig({
      records: { abc: { routes } },
      setUp: (w) => w.create("blog", { labels: labels({ "wakegate.hosts": "blog.example.com" }) }),
    });
    expect(r.registry.entries.map(({ name }) => name)).toEqual(["blog"]);
  });

  it("writes use and wakes down", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited", behaviour: { startMs: 700 } }),
    });
    r.watcher("blog").wake({ by: "request", path: "/x" });
    await r.clock.advance(1_000);
    r.watcher("blog").touch({ kind: "request" });
    await r.clock.advance(2_000);
    expect(r.store.target("blog")?.lastActivity).toBe(START + 1_000);
    expect(r.store.target("blog")?.wakes).toMatchObject([
      {
        at: START,
        from: "stopped",
        outcome: "ready",
        totalMs: 700,
        phases: { starting: 700 },
        cause: { by: "request", path: "/x" },
      },
    ]);
  });
});
