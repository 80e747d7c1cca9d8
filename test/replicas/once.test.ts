import { expect, it } from "vitest";
import { countMoves } from "../../src/admin/metrics/count-moves.ts";
import { Meter, type Count } from "../../src/admin/metrics/meter.ts";
import { Notifier } from "../../src/admin/notify/notifier.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { startReceiver } from "../support/receiver.ts";
import { suite } from "../support/require.ts";
import { join, leaderOf, realWorld, sharedRedis, settingsFor, until, type Member } from "./rig.ts";

const labels = { "wakegate.enable": "true", "wakegate.readiness.kind": "none" };

suite("redis", "an event that all replicas see", () => {
  const redis = sharedRedis();

  async function pair() {
    const world = realWorld();
    const env = redis.cluster();
    world.create("app", { labels, status: "exited" });
    const a = await join(world, redis.server.url, "a", env);
    const b = await join(world, redis.server.url, "b", env);
    await leaderOf([a, b]);
    return {
      world,
      members: [a, b] as const,
      async [Symbol.asyncDispose]() {
        await a[Symbol.asyncDispose]();
        await b[Symbol.asyncDispose]();
      },
    };
  }

  /** Sleeps of one of them by reason. */
  function counting({ registry }: Member): readonly string[] {
    const meter = new Meter();
    const seen: string[] = [];
    meter.drainTo((count: Count) => {
      if (count.name === "wakegate_sleeps_total") seen.push(count.labels["reason"] ?? "");
    });
    countMoves(registry, meter, systemClock);
    return seen;
  }

  it("is counted once: a sleep by the replica that made it, a stop from outside by the leader", async () => {
    await using r = await pair();
    const counted = r.members.map(counting);
    const [one] = r.members;
    const bothAre = (state: string) =>
      until(() => r.members.every((member) => member.state("app") === state));
    one.watcher("app").wake({ by: "request" });
    await bothAre("ready");
    await bothAre("napping");
    expect(r.world.calls).toContain("stop app");
    expect(counted.flat()).toEqual(["idle"]);
    one.watcher("app").wake({ by: "request" });
    await bothAre("ready");
    r.world.dies("app", 1);
    await bothAre("napping");
    expect(counted.flat()).toEqual(["idle", "exit"]);
  });

  it("is notified once, by the replica that saw it first; without Redis by each", async () => {
    await using r = await pair();
    await using receiver = await startReceiver();
    const { notify } = await settingsFor(redis.server.url, { WAKEGATE_NOTIFY_WEBHOOK_URL: receiver.url });
    const notifiers = r.members.map(
      ({ registry, store, log, replicas }) =>
        new Notifier({
          settings: notify,
          registry,
          store,
          log,
          clock: systemClock,
          evidence: () => [],
          mayTell: (key, withinMs) => replicas.mayTell(key, withinMs),
          count: () => undefined,
        }),
    );
    r.world.behaviour.set("app", { failStart: "no such image" });
    r.members[1].watcher("app").wake({ by: "request" });
    await until(() => r.members.every((member) => member.state("app") === "error"));
    await receiver.until(1);
    // What would be sent twice is sent before the next one.
    expect(await r.members[0].replicas.mayTell("something else", 60_000)).toBe(true);
    expect(await r.members[1].replicas.mayTell("something else", 60_000)).toBe(false);
    expect(await r.members[0].replicas.mayTell("something else", 60_000)).toBe(true);
    expect(receiver.got.map(({ json }) => json["event"])).toEqual(["wake_failed"]);
    await redis.server.kill();
    expect(await Promise.all(r.members.map(({ replicas }) => replicas.mayTell("all alone", 60_000)))).toEqual(
      [true, true],
    );
    for (const notifier of notifiers) notifier[Symbol.dispose]();
    await redis.server.restart();
  });
});
