import { describe, expect, it } from "vitest";
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

async function awake(): Promise<Rig> {
  const r = await rig({
    setUp: (world) =>
      world.create("app", { labels: labels({ "wakegate.idle_timeout": "1m" }), status: "exited" }),
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

  it("is forgotten when the engine refused it", async () => {
    await using r = await awake();
    r.world.behaviour.set("app", { failStop: "permission denied" });
    r.watcher("app").sleep("force");
    await r.clock.advance(2_500);
    expect(r.store.target("app")?.stopIntent).toBeUndefined();
  });
});
