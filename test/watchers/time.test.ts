import { describe, expect, it } from "vitest";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 1);

describe("the engine's restart", () => {
  it("brings up what had been put to sleep, which goes back one after the other, unless it is asked for", async () => {
    const napped = { run: "old", at: START - HOUR };
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "30m" },
      records: { a: { napped }, b: { napped }, c: { napped }, used: {}, no: { napped } },
      setUp: (w, clock) => {
        const run = { labels: labels(), status: "running", startedAt: clock.now() - 5_000 } as const;
        for (const name of ["a", "b", "c", "used"]) w.create(name, { ...run, restartPolicy: "always" });
        w.create("no", { ...run });
      },
    });
    await r.clock.advance(20_000);
    r.watcher("c").touch({ kind: "request" });
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(45_000);
    expect(r.world.calls).toEqual(["stop a"]);
    await r.clock.advance(10_000);
    expect(r.world.calls).toEqual(["stop a", "stop b"]);
    await r.clock.advance(28 * MINUTE);
    expect(r.world.calls).toEqual(["stop a", "stop b"]);
  });

  it("puts dependencies back one after the other, too", async () => {
    const napped = { run: "old", at: START - HOUR };
    const databases = ["a", "b", "c"].map((project) => `${project}-db-1`);
    await using r = await rig({
      records: Object.fromEntries(databases.map((name) => [name, { napped }])),
      setUp: (w, clock) => {
        const run = { status: "running", startedAt: clock.now() - 5_000, restartPolicy: "always" } as const;
        for (const project of ["a", "b", "c"]) {
          w.create(`${project}-db-1`, { ...run, labels: compose("db", "", project) });
          const app = compose("app", "db:service_started:false", project);
          w.create(`${project}-app-1`, { labels: { ...labels(), ...app }, status: "exited" });
        }
      },
    });
    const stopped: number[] = [];
    for (let seconds = 0; seconds < 180; seconds += 5) {
      await r.clock.advance(5_000);
      stopped.push(r.world.calls.length);
    }
    expect(r.world.calls.toSorted()).toEqual(databases.map((name) => `stop ${name}`));
    // Never two in one step of five seconds.
    expect(stopped.some((count, index) => count - (stopped[index - 1] ?? 0) > 1)).toBe(false);
  });

  it("while Wakegate runs: the same after an outage, but not for a start by a person later", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "30m" },
      setUp: (w) => {
        w.create("a", { labels: labels(), status: "running", restartPolicy: "always" });
        w.create("b", { labels: labels(), status: "running", restartPolicy: "always" });
      },
    });
    await r.clock.advance(31 * MINUTE);
    expect(r.world.calls).toEqual(["stop a", "stop b"]);
    r.world.goAway();
    await r.clock.advance(MINUTE);
    r.world.runs("a");
    r.world.comeBack();
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls.slice(2)).toEqual(["stop a"]);
    r.world.runs("b");
    await r.clock.advance(29 * MINUTE);
    expect(r.world.calls.slice(2)).toEqual(["stop a"]);
  });
});

describe("time that does not go on as it should", () => {
  it("puts nothing to sleep at once after the machine stood still, and everything after a while", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "15m" },
      setUp: (w) => {
        for (const name of ["a", "b", "c"]) w.create(name, { labels: labels(), status: "running" });
      },
    });
    await r.clock.advance(MINUTE);
    r.clock.stall(8 * HOUR);
    await r.clock.advance(59_000);
    expect(r.world.calls).toEqual([]);
    r.watcher("b").touch({ kind: "request" });
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls).toEqual(["stop a", "stop c"]);
  });

  it.each([8 * HOUR, -8 * HOUR, 30 * 365 * 24 * HOUR])(
    "does not care for a wall clock that is set by %i ms while it counts idle time",
    async (ms) => {
      await using r = await rig({
        env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "15m" },
        setUp: (w) => w.create("a", { labels: labels(), status: "running" }),
      });
      await r.clock.advance(MINUTE);
      r.clock.jump(ms);
      await r.clock.advance(14 * MINUTE - 1);
      expect(r.world.calls).toEqual([]);
      await r.clock.advance(31_000);
      expect(r.world.calls).toEqual(["stop a"]);
    },
  );

  it("ends a cool-down in time when the wall clock is set back", async () => {
    await using r = await rig({
      setUp: (w) => w.create("a", { labels: labels(), status: "exited", behaviour: { failStart: "no" } }),
    });
    r.watcher("a").wake(BY_REQUEST);
    await settle();
    r.world.behaviour.set("a", {});
    r.clock.jump(-HOUR);
    await r.clock.advance(31_000);
    r.watcher("a").wake(BY_REQUEST);
    await settle();
    expect(r.state("a")).toBe("ready");
  });

  it("waits longer than timers can", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "30d" },
      setUp: (w) => w.create("a", { labels: labels(), status: "running" }),
    });
    await r.clock.advance(29 * 24 * HOUR);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(24 * HOUR + MINUTE);
    expect(r.world.calls).toEqual(["stop a"]);
  });

  it("keeps the route of a container that is gone for a week, and not for ever", async () => {
    await using r = await rig({
      records: { old: { routes: [{ host: "old.example.com", prefix: "/" }] } },
      setUp: (w) =>
        w.create("a", { labels: labels({ "wakegate.hosts": "a.example.com" }), status: "exited" }),
    });
    r.world.remove("a");
    await settle();
    await r.clock.advance(7 * 24 * HOUR);
    expect(r.registry.entries.map(({ name }) => name)).toEqual(["a", "old"]);
    await r.clock.advance(2 * HOUR);
    expect(r.registry.entries).toEqual([]);
    expect(r.store.target("a")).toBeUndefined();
  });
});
