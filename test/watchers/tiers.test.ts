import { describe, expect, it } from "vitest";
import { sleep } from "../../src/lib/clock.ts";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);
const TIERS = labels({ "wakegate.pause_after": "5m", "wakegate.stop_after": "1h" });

describe("two tiers", () => {
  it("pause first and stop later, both counted from the last use", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: TIERS, status: "running" }) });
    await r.clock.advance(5 * MINUTE + 31_000);
    expect(r.world.calls).toEqual(["pause blog"]);
    expect(r.watcher("blog").insight.why()).toMatchObject({ next: { what: "until stopped" } });
    await r.clock.advance(55 * MINUTE - 2_000);
    expect(r.world.calls).toEqual(["pause blog"]);
    await r.clock.advance(1_000);
    expect(r.world.calls).toEqual(["pause blog", "stop blog"]);
    expect(r.watcher("blog").state).toMatchObject({
      kind: "napping",
      how: "stopped",
      since: START + 5 * MINUTE + 30_000,
    });
  });

  it("unpause on a request, and begin anew", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: TIERS, status: "running" }) });
    await r.clock.advance(50 * MINUTE);
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    r.watcher("blog").touch({ kind: "request" });
    await r.clock.advance(60 * MINUTE);
    expect(r.world.calls).toEqual(["pause blog", "unpause blog", "pause blog"]);
  });

  it("unpause for a request while the stop is only being written down, and forget it", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: TIERS, status: "running" }) });
    await r.clock.advance(59 * MINUTE);
    r.store.flush = (signal?: AbortSignal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    await r.clock.advance(MINUTE + 35_000);
    expect(r.store.target("blog")?.stopIntent).toBeDefined();
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual(["pause blog", "unpause blog"]);
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
  });

  it("start again when a request comes into the stop", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: TIERS, status: "running", behaviour: { stopMs: 3_000 } }),
    });
    await r.clock.advance(60 * MINUTE + 35_000);
    expect(r.state("blog")).toBe("stopping");
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    expect(r.world.calls).toEqual(["pause blog", "stop blog", "start blog"]);
    expect(r.state("blog")).toBe("ready");
  });

  it("go on after Wakegate was killed, for what it paused itself and for nothing else", async () => {
    await using r = await rig({
      records: { ours: { napped: { run: "r1", at: START - 50 * MINUTE } } },
      setUp: (w) => {
        w.create("ours", { labels: TIERS, status: "paused", runId: "r1" });
        w.create("theirs", { labels: TIERS, status: "paused", runId: "r2" });
      },
    });
    await r.clock.advance(6 * MINUTE);
    expect(r.world.calls).toEqual(["stop ours"]);
    await r.clock.advance(120 * MINUTE);
    expect(r.world.calls).toEqual(["stop ours"]);
  });

  it("do not stop what is needed, though a person forced its pause", async () => {
    const needs = compose("app", "db:service_started:false");
    await using r = await rig({
      setUp: (w) => {
        w.create("db", { labels: { ...TIERS, ...compose("db") }, status: "running" });
        w.create("app", { labels: { ...labels(), ...needs }, status: "running" });
      },
    });
    const lease = r.watcher("app").lease("somebody");
    r.watcher("db").sleep("force");
    await r.clock.advance(3 * 60 * MINUTE);
    expect(r.world.calls).toEqual(["pause db"]);
    lease[Symbol.dispose]();
    await r.clock.advance(5 * MINUTE);
    expect(r.world.calls).toEqual(["pause db", "stop app", "stop db"]);
  });

  it("do not stop what one that woke needs, while the stop was being written down", async () => {
    const needs = compose("app", "db:service_started:false");
    await using r = await rig({
      setUp: (w) => {
        w.create("db", { labels: { ...TIERS, ...compose("db") }, status: "running" });
        w.create("app", { labels: { ...labels(), ...needs }, status: "exited" });
      },
    });
    await r.clock.advance(6 * MINUTE);
    expect(r.world.calls).toEqual(["pause db"]);
    // A person starts it, and it needs no wake of ours to run beside a database that is paused.
    r.store.flush = async (signal?: AbortSignal) => {
      if (r.world.get("app").status === "exited") r.world.runs("app");
      await sleep(r.clock, 100, signal);
    };
    const lease = r.watcher("app").lease("somebody");
    await r.clock.advance(3 * 60 * MINUTE);
    expect(r.world.get("app").status).toBe("running");
    expect(r.world.calls).not.toContain("stop db");
    lease[Symbol.dispose]();
  });

  it("try a stop that failed again, and unpause for a request meanwhile", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: TIERS, status: "running" }),
    });
    await r.clock.advance(6 * MINUTE);
    r.world.behaviour.set("blog", { failStop: "busy" });
    await r.clock.advance(60 * MINUTE);
    expect(r.world.calls.filter((call) => call === "stop blog").length).toBeGreaterThan(1);
    expect(r.world.calls.length).toBeLessThan(15);
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls.at(-1)).toBe("unpause blog");
    expect(r.state("blog")).toBe("ready");
  });
});

describe("guard rails", () => {
  it("min_uptime keeps awake what has just been woken", async () => {
    const own = labels({ "wakegate.min_uptime": "20m" });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: own, status: "running" }) });
    await r.clock.advance(20 * MINUTE - 1);
    expect(r.world.calls).toEqual([]);
    expect(r.watcher("blog").insight.why().more).toContain("min_uptime");
    await r.clock.advance(31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("dry_run says once that it would sleep, and again after more use", async () => {
    const own = labels({ "wakegate.dry_run": "true" });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: own, status: "running" }) });
    await r.clock.advance(30 * MINUTE);
    expect(r.world.calls).toEqual([]);
    expect(r.log.of("would_sleep")).toHaveLength(1);
    expect(r.watcher("blog").insight.why().fact).toBe("Would sleep now (dry run)");
    r.watcher("blog").touch({ kind: "request" });
    expect(r.watcher("blog").insight.why().fact).not.toContain("dry run");
    await r.clock.advance(30 * MINUTE);
    expect(r.log.of("would_sleep")).toHaveLength(2);
  });

  it("a person may put it to sleep at once, by force whatever uses it", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "never" },
      setUp: (w) => w.create("blog", { labels: labels(), status: "running", behaviour: { traffic: 50_000 } }),
    });
    r.watcher("blog").sleep();
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls).toEqual([]);
    r.watcher("blog").sleep("force");
    await settle();
    expect(r.world.calls).toEqual(["stop blog"]);
  });
});
