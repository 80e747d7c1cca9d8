import { expect, it } from "vitest";
import { dueInMs } from "../../src/watchers/jobs/holders.ts";
import { suite } from "../support/require.ts";
import { join, leaderOf, realWorld, sharedRedis, until, type Member } from "./rig.ts";

const labels = { "wakegate.enable": "true", "wakegate.readiness.kind": "none" };
const BY_REQUEST = { by: "request" } as const;

suite("redis", "replicas on one Redis", () => {
  const redis = sharedRedis();

  /** Two of them over one engine with one app, each test with keys of its own. */
  async function pair(startMs = 0) {
    const world = realWorld();
    world.create("app", { labels, behaviour: { startMs } });
    const env = redis.cluster();
    const a = await join(world, redis.server.url, "a", env);
    const b = await join(world, redis.server.url, "b", env);
    const leader = await leaderOf([a, b]);
    const other = leader === a ? b : a;
    const members: readonly Member[] = [a, b];
    return {
      world,
      env,
      leader,
      other,
      members,
      async [Symbol.asyncDispose]() {
        await a[Symbol.asyncDispose]();
        await b[Symbol.asyncDispose]();
      },
    };
  }

  it("elect one leader", async () => {
    await using r = await pair();
    await until(() => r.other.replicas.mayNotSleep?.kind === "other");
    expect(r.other.replicas.mayNotSleep).toEqual({ kind: "other", name: r.leader.name });
    expect(r.leader.replicas.status).toMatchObject({ kind: "synced", leader: r.leader.name });
  });

  it("wake an app once, whichever is asked", async () => {
    await using r = await pair(200);
    for (const member of r.members) member.watcher("app").wake(BY_REQUEST);
    await until(() => r.members.every((member) => member.state("app") === "ready"));
    expect(r.world.calls).toEqual(["start app"]);
  });

  it("all learn of a wake as soon as it begins", async () => {
    await using r = await pair(1_000);
    r.leader.watcher("app").wake(BY_REQUEST);
    await until(() => r.other.state("app") === "waking");
    expect(r.world.get("app").status).toBe("created");
    await until(() => r.members.every((member) => member.state("app") === "ready"));
    expect(r.world.calls).toEqual(["start app"]);
  });

  it("put an idle app to sleep once", async () => {
    await using r = await pair();
    r.other.watcher("app").wake(BY_REQUEST);
    await until(() => r.world.calls.includes("stop app"));
    await until(() => r.members.every((member) => member.state("app") === "napping"));
    expect(r.world.calls).toEqual(["start app", "stop app"]);
  });

  it("keep an app awake that another replica uses", async () => {
    await using r = await pair();
    const lease = r.other.watcher("app").lease("a TCP session");
    r.other.watcher("app").wake(BY_REQUEST);
    await until(() => r.leader.replicas.usedElsewhere("app").length > 0);
    expect(r.leader.replicas.usedElsewhere("app")).toMatchObject([
      { source: "replicas", detail: `a TCP session, on replica ${r.other.name}` },
    ]);
    await until(() => r.leader.state("app") === "ready");
    // It holds like a use of its own: the leader has no moment at which it would look whether anybody is there.
    const { state } = r.leader.watcher("app");
    expect(state.kind === "ready" && dueInMs(r.leader.watcher("app"), state)).toBeUndefined();
    expect(r.world.calls).toEqual(["start app"]);
    lease[Symbol.dispose]();
    await until(() => r.world.calls.includes("stop app"));
  });

  it("share pins, sleep locks and timed leases", async () => {
    await using r = await pair();
    r.other.watcher("app").orders.pin({ reason: "backup" });
    await until(() => r.leader.watcher("app").orders.pinned !== undefined);
    expect(r.leader.watcher("app").orders.pinned).toMatchObject({ reason: "backup" });
    r.leader.watcher("app").orders.lease("one", "a job", Date.now() + 60_000);
    r.other.watcher("app").orders.lease("two", "a job", Date.now() + 60_000);
    const ids = (member: Member) => Object.keys(member.store.target("app")?.leases ?? {}).toSorted();
    await until(() => r.members.every((member) => ids(member).length === 2));
    r.leader.watcher("app").orders.unpin();
    r.leader.watcher("app").orders.endLease("two");
    await until(() => r.other.watcher("app").orders.pinned === undefined && ids(r.other).length === 1);
    expect(ids(r.leader)).toEqual(["one"]);
  });

  it("of another version serve alone, log it, and suspend sleeping everywhere", async () => {
    await using r = await pair();
    const prefix = `wakegate:{${r.env.WAKEGATE_STORE_REDIS_CLUSTER}}:`;
    const timing = { WAKEGATE_STORE_REDIS_LEASE: "1100ms" };
    await using other = await join(r.world, redis.server.url, "newer", { ...r.env, ...timing });
    expect(other.replicas.status).toMatchObject({ kind: "mismatched" });
    expect(other.log.of("shared_store_mismatch")).toHaveLength(1);
    expect(other.log.of("shared_store_mismatch")[0]).toContain("lease or lost_grace differs");
    const { state } = r.leader.watcher("app");
    expect(state.kind).toBe("napping");
    other.watcher("app").wake(BY_REQUEST);
    await until(() =>
      r.leader.log.of("sleep_refused").some((line) => line.includes("different version or settings (newer)")),
    );
    expect(r.world.calls).toEqual(["start app"]);
    // The old ones gone, it begins anew.
    for (const member of r.members) await member[Symbol.asyncDispose]();
    await leaderOf([other]);
    expect(await redis.server.ask(["GET", `${prefix}schema`])).toContain("1 1100 1000");
  });

  it("sign with the same key", async () => {
    await using r = await pair();
    expect(r.leader.key).toEqual(r.other.key);
  });

  it("record a wake once in the history of each", async () => {
    await using r = await pair(100);
    for (const member of r.members) member.watcher("app").wake(BY_REQUEST);
    const wakes = (member: Member) => member.store.target("app")?.wakes ?? [];
    await until(() => r.members.every((member) => wakes(member).length > 0));
    await until(() => r.members.every((member) => member.state("app") === "napping"));
    expect(wakes(r.leader)).toHaveLength(1);
    expect(wakes(r.other)).toEqual(wakes(r.leader));
  });

  it("carry out an operator's sleep, whichever received it", async () => {
    await using r = await pair();
    const lease = r.leader.watcher("app").lease("a session");
    r.other.watcher("app").wake(BY_REQUEST);
    await until(() => r.members.every((member) => member.state("app") === "ready"));
    r.other.watcher("app").sleep("force");
    await until(() => r.world.calls.includes("stop app"));
    lease[Symbol.dispose]();
  });
});
