import { describe, expect, it } from "vitest";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Thursday. */
const START = Date.UTC(2026, 0, 1);
const UTC = { "wakegate.schedule.time_zone": "UTC" };

describe("a pin", () => {
  it("wakes it and keeps it awake until its end, also after a restart of Wakegate", async () => {
    await using r = await rig({
      records: { kept: { pin: { at: START, until: START + 2 * HOUR, by: "anna" } } },
      setUp: (w) => {
        w.create("blog", { labels: labels(), status: "exited" });
        w.create("kept", { labels: labels(), status: "running" });
      },
    });
    r.watcher("blog").orders.pin({ until: START + HOUR });
    await settle();
    expect(r.state("blog")).toBe("ready");
    await r.clock.advance(59 * MINUTE);
    expect(r.world.calls).toEqual(["start blog"]);
    expect(r.watcher("kept").insight.why()).toMatchObject({
      fact: expect.stringMatching(/^Pinned until \d\d:\d\d$/) as string,
      next: { value: "awake" },
    });
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls).toEqual(["start blog", "stop blog"]);
    expect(r.store.target("blog")?.pin).toBeUndefined();
    await r.clock.advance(HOUR);
    expect(r.world.calls).toEqual(["start blog", "stop blog", "stop kept"]);
  });

  it("ends when it is taken back", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.watcher("blog").orders.pin();
    await r.clock.advance(2 * HOUR);
    expect(r.world.calls).toEqual([]);
    r.watcher("blog").orders.unpin();
    await r.clock.advance(31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("ends in time when the wall clock is set forward, and lasts no longer when it is set back", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.watcher("blog").orders.pin({ until: START + 3 * HOUR });
    await r.clock.advance(10 * MINUTE);
    r.clock.jump(4 * HOUR);
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls).toEqual(["stop blog"]);
    expect(r.log.of("clock_set")).toHaveLength(1);
  });
});

describe("a hold-down", () => {
  it("puts it to sleep, and requests do not wake it until its end", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "1h" },
      setUp: (w) => w.create("blog", { labels: labels(), status: "running" }),
    });
    const until = START + 30 * MINUTE;
    r.watcher("blog").orders.hold({ until, reason: "backup" });
    await r.clock.advance(31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    const mayNotWake = { kind: "hold", reason: "backup", until };
    expect(r.watcher("blog").gate).toEqual({ kind: "asleep", mayNotWake });
    expect(r.watcher("blog").progress().mayNotWake).toEqual(mayNotWake);
    r.watcher("blog").wake(BY_REQUEST);
    r.watcher("blog").retry({ by: "retry" });
    await settle();
    expect(r.world.calls).toEqual(["stop blog"]);
    await r.clock.advance(30 * MINUTE);
    expect(r.watcher("blog").gate).toEqual({ kind: "asleep" });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.state("blog")).toBe("ready");
  });

  it("does not cut what is in use", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "running", behaviour: { traffic: 9_000 } }),
    });
    r.watcher("blog").orders.hold({ reason: "backup" });
    await r.clock.advance(10 * MINUTE);
    expect(r.world.calls).toEqual([]);
    r.world.behaviour.set("blog", {});
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("is ended by an operator's wake", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }) });
    r.watcher("blog").orders.hold();
    r.watcher("blog").wake({ by: "operator" });
    await settle();
    expect(r.state("blog")).toBe("ready");
    expect(r.watcher("blog").orders.held).toBeUndefined();
  });

  it("of a dependency is told to those who need it", async () => {
    await using r = await rig({
      setUp: (w) => {
        const app = { ...labels(), ...compose("app", "db:service_started:false") };
        w.create("shop-app-1", { labels: app, status: "exited" });
        w.create("shop-db-1", { labels: { ...labels(), ...compose("db") }, status: "exited" });
      },
    });
    r.watcher("shop-db-1").orders.hold({ reason: "backup" });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("shop-app-1").progress().failure?.message).toContain("kept asleep: backup");
    expect(r.world.calls).toEqual([]);
  });
});

describe("a lease with a deadline", () => {
  it("keeps awake until it is ended or its time is over", async () => {
    await using r = await rig({ setUp: (w) => w.create("db", { labels: labels(), status: "running" }) });
    const { orders } = r.watcher("db");
    orders.lease("a", "pg_dump", START + HOUR);
    await r.clock.advance(50 * MINUTE);
    orders.lease("a", "pg_dump", START + 2 * HOUR);
    await r.clock.advance(50 * MINUTE);
    expect(r.watcher("db").insight.why().fact).toBe("Pg_dump");
    expect(r.world.calls).toEqual([]);
    expect(orders.endLease("a")).toBe(true);
    expect(orders.endLease("a")).toBe(false);
    orders.lease("b", "forgotten", r.clock.now() + 10 * MINUTE);
    await r.clock.advance(12 * MINUTE);
    expect(r.world.calls).toEqual(["stop db"]);
  });
});

describe("a schedule", () => {
  it("wakes before its hours, keeps awake in them, and lets it sleep afterwards", async () => {
    const own = labels({
      ...UTC,
      "wakegate.schedule.awake": "Thu 02:00-04:00",
      "wakegate.schedule.prewake": "10m",
    });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: own, status: "exited" }) });
    await r.clock.advance(110 * MINUTE - 1);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(1);
    expect(r.state("blog")).toBe("ready");
    await r.clock.advance(130 * MINUTE - 1);
    expect(r.world.calls).toEqual(["start blog"]);
    expect(r.watcher("blog").insight.why().fact).toBe("Kept awake by its schedule");
    await r.clock.advance(MINUTE);
    expect(r.world.calls).toEqual(["start blog", "stop blog"]);
    expect(r.store.target("blog")?.wakes?.[0]?.cause).toEqual({ by: "schedule" });
  });

  it("does not let requests wake it in its closed hours, but those who need it", async () => {
    const own = labels({ ...UTC, "wakegate.schedule.no_wake": "23:00-06:00" });
    await using r = await rig({
      setUp: (w) => {
        w.create("db", { labels: own, status: "exited" });
        w.create("app", { labels: labels({ "wakegate.depends_on": "db" }), status: "exited" });
      },
    });
    const opensAt = START + 6 * HOUR;
    expect(r.watcher("db").gate).toEqual({
      kind: "asleep",
      mayNotWake: { kind: "schedule", opensAt, rule: "23:00 to 06:00" },
    });
    r.watcher("db").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual([]);
    r.watcher("app").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual(["start db", "start app"]);
    await r.clock.advance(6 * HOUR);
    expect(r.watcher("db").gate).toEqual({ kind: "asleep" });
  });

  it("recurs, and follows the wall clock when that is set", async () => {
    const own = labels({ ...UTC, "wakegate.schedule.every": "10m every 6h" });
    await using r = await rig({
      setUp: (w, clock) => {
        clock.jump(HOUR);
        w.create("sync", { labels: own, status: "exited" });
      },
    });
    await r.clock.advance(HOUR);
    r.clock.jump(4 * HOUR);
    await r.clock.advance(MINUTE);
    expect(r.state("sync")).toBe("ready");
    await r.clock.advance(11 * MINUTE);
    expect(r.world.calls).toEqual(["start sync", "stop sync"]);
  });
});
