import { expect, it } from "vitest";
import type { ProposedStop } from "../../src/watchers/coordination.ts";
import { suite } from "../support/require.ts";
import { openTcpRelay } from "../support/tcp-relay.ts";
import { join, leaderOf, realWorld, sharedRedis, until, type Member } from "./rig.ts";

const labels = {
  "wakegate.enable": "true",
  "wakegate.readiness.kind": "none",
  "wakegate.idle_timeout": "1h",
};
const BY_REQUEST = { by: "request" } as const;
const never = new AbortController().signal;

suite("redis", "a stop among replicas", () => {
  const redis = sharedRedis();

  /** Two of them, an app that is ready at both, and a stop of it that the leader may propose. */
  async function rig() {
    const world = realWorld();
    world.create("app", { labels });
    const env = redis.cluster();
    const relay = await openTcpRelay(redis.server.port);
    const leader = await join(world, redis.server.url, "leader", env);
    await leaderOf([leader]);
    const other = await join(world, `redis://127.0.0.1:${String(relay.port)}`, "other", env);
    const members: readonly Member[] = [leader, other];
    leader.watcher("app").wake(BY_REQUEST);
    await until(() => members.every((member) => member.state("app") === "ready"));
    const { state } = leader.watcher("app");
    if (state.kind !== "ready") throw new Error("not ready");
    const stop: ProposedStop = {
      name: "app",
      run: state.seen.run,
      instance: state.seen.id,
      method: "stop",
      withinMs: 1_000,
      unusedMs: 0,
      force: false,
    };
    return {
      world,
      env,
      relay,
      leader,
      other,
      stop,
      agree: (more: Partial<ProposedStop> = {}) => leader.replicas.agree({ ...stop, ...more }, never),
      async [Symbol.asyncDispose]() {
        relay.pass();
        for (const member of members) await member[Symbol.asyncDispose]();
        await relay[Symbol.asyncDispose]();
      },
    };
  }

  it("stops requests on all replicas before they consent", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    expect(r.other.watcher("app").gate).toEqual({ kind: "coming", state: "stopping" });
    expect(await r.leader.replicas.commit("app")).toBe(true);
  });

  it("is withdrawn by a request on another replica before the commit", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    r.other.watcher("app").wake(BY_REQUEST);
    await until(() => r.other.state("app") === "ready");
    expect(await r.leader.replicas.commit("app")).toBe(false);
  });

  it("is withdrawn by a session on another replica before the commit", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    using _ = r.other.watcher("app").lease("a TCP session");
    await until(() => r.other.state("app") === "ready");
    expect(await r.leader.replicas.commit("app")).toBe(false);
  });

  it("lets no request pass from the commit until it is over", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    expect(await r.leader.replicas.commit("app")).toBe(true);
    r.other.watcher("app").wake(BY_REQUEST);
    using _ = r.other.watcher("app").lease("a held request");
    await r.other.replicas.claimWake("app", "running", never);
    expect(r.other.watcher("app").gate).toEqual({ kind: "coming", state: "stopping" });
    // Nothing was stopped, as it turns out: the engine says so.
    r.leader.replicas.slept("app");
    await until(() => r.other.state("app") === "ready");
    expect(r.world.calls).toEqual(["start app"]);
  });

  it.each([
    ["a session", (other: Member) => void other.watcher("app").lease("a TCP session")],
    ["a use that is not told yet", (other: Member) => other.watcher("app").touch({ kind: "request" })],
    ["a pass that does not count", (other: Member) => other.watcher("app").passed()],
    ["a pin", (other: Member) => other.watcher("app").orders.pin()],
  ])("is not agreed to by who has %s", async (_, use) => {
    await using r = await rig();
    use(r.other);
    expect(await r.agree()).toBe(false);
    expect(r.other.state("app")).toBe("ready");
    expect(await r.leader.replicas.commit("app")).toBe(false);
  });

  it("proceeds with force although the target is pinned or in use", async () => {
    await using r = await rig();
    using _ = r.other.watcher("app").lease("a TCP session");
    expect(await r.agree({ force: true })).toBe(true);
  });

  it("is refused for a run that has been replaced", async () => {
    await using r = await rig();
    expect(await r.agree({ run: "before" })).toBe(false);
    expect(r.other.state("app")).toBe("ready");
  });

  it("is not carried out while a replica is silent or lost", async () => {
    await using r = await rig();
    r.relay.swallow();
    expect(await r.agree()).toBe(false);
    await until(() => r.leader.replicas.mayNotSleep !== undefined);
    expect(r.leader.replicas.mayNotSleep).toEqual({
      kind: "nobody",
      why: "replica other is lost; waiting lost_grace before taking over",
    });
    expect(await r.agree()).toBe(false);
    // Its grace over, the others go on without it.
    await leaderOf([r.leader]);
    expect(await r.agree()).toBe(true);
  });

  it("is not committed by a former leader", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    await redis.server.ask(["SET", `wakegate:{${r.env.WAKEGATE_STORE_REDIS_CLUSTER}}:leader`, "another:99"]);
    expect(await r.leader.replicas.commit("app")).toBe(false);
  });

  it("needs the consent of a replica that joins in between", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    await using late = await join(r.world, redis.server.url, "late", r.env);
    await until(() => late.state("app") !== "missing");
    expect(late.state("app")).toBe("stopping");
    expect(await r.leader.replicas.commit("app")).toBe(true);
  });

  it("is not committed without the consent of every member", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    const members = `wakegate:{${r.env.WAKEGATE_STORE_REDIS_CLUSTER}}:members`;
    await redis.server.ask(["HSET", members, "m:silent", String(Date.now() + 60_000), "n:silent", "silent"]);
    expect(await r.leader.replicas.commit("app")).toBe(false);
    await redis.server.ask(["HDEL", members, "m:silent", "n:silent"]);
  });

  it("that was only proposed expires when its leader dies", async () => {
    await using r = await rig();
    const kept = r.leader.replicas;
    expect(await r.agree()).toBe(true);
    // It neither commits nor says that it is over.
    kept.slept = () => undefined;
    await until(() => r.other.state("app") === "ready");
  });

  it("in progress is known to a replica that joins: a target that shuts down is not ready", async () => {
    await using r = await rig();
    expect(await r.agree()).toBe(true);
    expect(await r.leader.replicas.commit("app")).toBe(true);
    await using late = await join(r.world, redis.server.url, "late", r.env);
    await until(() => late.state("app") !== "missing");
    expect(late.state("app")).toBe("stopping");
    r.leader.replicas.slept("app");
    await until(() => late.state("app") === "ready");
  });
});
