import { describe, expect, it, vi } from "vitest";
import { ProviderError } from "../../src/providers/provider.ts";
import type { Watcher } from "../../src/watchers/watcher.ts";
import type { FakeWorld } from "../support/fake-world.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const HOUR = 3_600_000;

type Rig = Awaited<ReturnType<typeof rig>>;

/** Every way in which a sleep is asked for, except by force. */
const WAYS: Readonly<Record<string, (watcher: Watcher) => void>> = {
  "the idle timer": () => undefined,
  "an operator": (watcher) => watcher.sleep("quiet"),
  "a pool that needs its room": (watcher) => watcher.asked.makeRoom(),
  "a sleep lock": (watcher) => watcher.orders.hold({ reason: "backup" }),
};

/** Every kind of use that begins after the target is ready. */
const USES: Readonly<Record<string, (r: Rig) => void>> = {
  "a lease": (r) => void r.watcher("app").lease("a session"),
  "network traffic": (r) => void r.world.behaviour.set("app", { traffic: 100_000 }),
  "a command inside": (r) => void r.world.behaviour.set("app", { commands: [["sh"]] }),
  CPU: (r) => void r.world.behaviour.set("app", { cores: 0.9 }),
};

const unreachable = (): Promise<never> =>
  Promise.reject(new ProviderError("engine_unreachable", "local", "the engine does not answer"));

/** Every way in which the look before a sleep can fail. */
const FAILURES: Readonly<Record<string, (world: FakeWorld) => void>> = {
  "the inspection fails": (world) => void (world.onAnswer = unreachable),
  "the inspection never answers": (world) => void (world.onAnswer = () => new Promise(() => undefined)),
  "the counters cannot be read": (world) => void (world.usage = unreachable),
  "the commands inside cannot be listed": (world) => void (world.commands = unreachable),
  "the commands inside are never listed": (world) =>
    void (world.commands = () => new Promise(() => undefined)),
  "the counters never answer": (world) => void (world.usage = () => new Promise(() => undefined)),
};

async function awake(idleTimeout = "1m"): Promise<Rig> {
  const r = await rig({
    setUp: (world) =>
      world.create("app", { labels: labels({ "wakegate.idle_timeout": idleTimeout }), status: "exited" }),
  });
  r.watcher("app").wake(BY_REQUEST);
  await r.clock.advance(1_000);
  expect(r.state("app")).toBe("ready");
  return r;
}

const stops = (r: Rig): readonly string[] => r.world.calls.filter((call) => !call.startsWith("start"));

describe.each(Object.entries(WAYS))("a sleep asked for by %s", (_, ask) => {
  it("happens when nothing uses the target", async () => {
    await using r = await awake();
    ask(r.watcher("app"));
    await r.clock.advance(HOUR);
    expect(stops(r)).toEqual(["stop app"]);
  });

  it.each(Object.entries(USES))("does not happen during use: %s", async (_use, use) => {
    await using r = await awake();
    use(r);
    ask(r.watcher("app"));
    await r.clock.advance(HOUR);
    expect([r.state("app"), stops(r)]).toEqual(["ready", []]);
  });

  it.each(Object.entries(FAILURES))(
    "does not happen while it is not known whether it is used: %s",
    async (_f, fail) => {
      await using r = await awake();
      fail(r.world);
      ask(r.watcher("app"));
      await r.clock.advance(HOUR);
      expect(stops(r)).toEqual([]);
    },
  );
});

describe("a container that its engine deletes when it stops", () => {
  it.each(Object.entries(WAYS))("is never stopped by %s, and that is reported once", async (_, ask) => {
    await using r = await rig({
      setUp: (world) => world.create("app", { labels: labels(), status: "running", removedOnStop: true }),
    });
    await r.clock.advance(1_000);
    ask(r.watcher("app"));
    await r.clock.advance(HOUR);
    expect([r.state("app"), stops(r)]).toEqual(["ready", []]);
    expect(r.log.of("removed_on_stop")).toHaveLength(1);
  });

  it("is not stopped as a dependency or as a part of a project either", async () => {
    await using r = await rig({
      setUp: (world) => {
        const app = {
          ...labels({ "wakegate.scope": "project" }),
          ...compose("web", "db:service_started:false"),
        };
        world.create("shop-web-1", { labels: app, status: "exited" });
        world.create("shop-db-1", { labels: compose("db"), status: "exited", removedOnStop: true });
      },
    });
    r.watcher("shop-web-1").wake(BY_REQUEST);
    await r.clock.advance(HOUR);
    expect(r.world.calls.filter((call) => call.includes("db"))).toEqual(["start shop-db-1"]);
    expect(r.state("shop-web-1")).toBe("napping");
  });
});

describe("a stop that has not reached the engine", () => {
  it("is canceled by a request", async () => {
    await using r = await awake();
    // The call waits behind another one of the same target.
    let release = (): void => undefined;
    const busy = r.watcher("app").exclusive(() => new Promise<void>((resolve) => (release = resolve)));
    await r.clock.advance(10 * 60_000);
    expect(r.state("app")).toBe("stopping");
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("app")).toBe("ready");
    release();
    await busy;
    await r.clock.advance(1_000);
    expect(stops(r)).toEqual([]);
    expect(r.store.target("app")?.stopIntent).toBeUndefined();
  });
});

describe("a stop whose answer never came", () => {
  it("stays written down while the run may still be dying", async () => {
    await using r = await awake();
    r.world.sleep = () => Promise.reject(new ProviderError("engine_timeout", "local", "no answer"));
    r.watcher("app").sleep("force");
    await r.clock.advance(2_500);
    expect(r.store.target("app")?.stopIntent).toBeDefined();
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("app")).toBe("ready");
    expect(r.store.target("app")?.stopIntent).toBeDefined();
  });

  it("is not sent again when the engine shows that the target is down", async () => {
    await using r = await awake();
    r.world.behaviour.set("app", { stopMs: 1_000 });
    r.watcher("app").sleep("force");
    await vi.waitFor(() => expect(stops(r)).toEqual(["stop app"]));
    // The answers to the inspections after the stop are lost, and so are the events.
    r.world.deaf = true;
    r.world.onAnswer = unreachable;
    await r.clock.advance(3_000);
    expect([r.state("app"), stops(r)]).toEqual(["stopping", ["stop app"]]);
    r.world.onAnswer = (instance) => Promise.resolve(instance);
    await r.clock.advance(10_000);
    expect([r.state("app"), stops(r)]).toEqual(["napping", ["stop app"]]);
  });

  it("is forgotten when the engine refused it", async () => {
    await using r = await awake();
    r.world.behaviour.set("app", { failStop: "permission denied" });
    r.watcher("app").sleep("force");
    await r.clock.advance(2_500);
    expect(r.store.target("app")?.stopIntent).toBeUndefined();
  });
});

describe("a target that its engine has locked", () => {
  const LOCKED = "CT 104 is locked (backup)";

  it.each(Object.entries(WAYS).filter(([way]) => way !== "a pool that needs its room"))(
    "sleeps when the lock is gone, asked for by %s, and the wait is logged once",
    async (_, ask) => {
      await using r = await awake("10m");
      r.world.lock("app", LOCKED);
      ask(r.watcher("app"));
      await r.clock.advance(HOUR);
      expect([r.state("app"), stops(r)]).toEqual(["ready", []]);
      expect(r.log.of("sleep_waits")).toHaveLength(1);
      expect(r.log.of("sleep_failed")).toHaveLength(0);
      expect(r.watcher("app").insight.why()).toMatchObject({ fact: LOCKED, next: { value: "locked" } });
      r.world.lock("app", undefined);
      // The lock is no use of it: its idle time is over already.
      await r.clock.advance(3 * 60_000);
      expect(stops(r)).toEqual(["stop app"]);
    },
  );

  it("is stopped by force when the lock is gone", async () => {
    await using r = await awake();
    r.world.lock("app", LOCKED);
    r.watcher("app").sleep("force");
    await r.clock.advance(10 * 60_000);
    expect([r.state("app"), stops(r)]).toEqual(["ready", []]);
    r.world.lock("app", undefined);
    await r.clock.advance(45_000);
    expect(stops(r)).toEqual(["stop app"]);
  });

  it("stays awake without an error when the lock is taken just before the stop", async () => {
    await using r = await awake();
    let release = (): void => undefined;
    void r.watcher("app").exclusive(() => new Promise<void>((resolve) => (release = resolve)));
    await r.clock.advance(10 * 60_000);
    r.world.lock("app", LOCKED);
    release();
    await r.clock.advance(10 * 60_000);
    expect([r.state("app"), r.log.of("sleep_failed")]).toEqual(["ready", []]);
    r.world.lock("app", undefined);
    await r.clock.advance(2 * 60_000);
    expect(r.state("app")).toBe("napping");
  });

  it("is stopped after a pause when the lock is gone", async () => {
    const more = { "wakegate.pause_after": "1m", "wakegate.stop_after": "5m" };
    await using r = await rig({
      setUp: (world) => world.create("app", { labels: labels(more), status: "running" }),
    });
    await r.clock.advance(2 * 60_000);
    expect(stops(r)).toEqual(["pause app"]);
    r.world.lock("app", LOCKED);
    await r.clock.advance(HOUR);
    expect([stops(r), r.log.of("sleep_failed"), r.log.of("sleep_waits").length]).toEqual([
      ["pause app"],
      [],
      1,
    ]);
    r.world.lock("app", undefined);
    await r.clock.advance(2 * 60_000);
    expect(stops(r)).toEqual(["pause app", "stop app"]);
  });

  it("says what its wake waits for, until that is over", async () => {
    await using r = await rig({
      setUp: (world) =>
        world.create("app", { labels: labels(), status: "exited", behaviour: { startMs: 5_000 } }),
    });
    r.world.lock("app", LOCKED);
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(10_000);
    expect(r.watcher("app").progress()).toMatchObject({ phase: "starting", waitsFor: LOCKED });
    expect(r.watcher("app").insight.why().fact).toBe(`Waiting: ${LOCKED}`);
    r.world.lock("app", undefined);
    await r.clock.advance(2_000);
    expect(r.watcher("app").progress()).not.toHaveProperty("waitsFor");
    expect(r.state("app")).toBe("waking");
    await r.clock.advance(10_000);
    expect(r.state("app")).toBe("ready");
  });
});
