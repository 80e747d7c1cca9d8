import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KINDS, type KubeObject } from "../../support/kubernetes/kinds.ts";
import { never, Rig } from "./rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig[Symbol.asyncDispose]());

const deployment = (name: string): KubeObject =>
  rig.simulator.store.mustGet(KINDS.deployments, "default", name);
const remembered = (name: string): string | undefined =>
  deployment(name).metadata.annotations?.["wakegate.io/replicas"];
const stop = { method: "stop" } as const;

describe("a wake", () => {
  it("brings back as many replicas as there were", async () => {
    const id = rig.app("blog", { replicas: 3 });
    const provider = await rig.provider();
    await provider.sleep(id, stop, never);
    expect(rig.simulator.replicas("blog")).toBe(0);
    expect(remembered("blog")).toBe("3");
    expect(rig.simulator.pods()).toHaveLength(0);
    // Another Wakegate, which saw nothing of it.
    await (await rig.provider()).wake({ id }, never);
    expect(rig.simulator.replicas("blog")).toBe(3);
  });

  it("brings back one where nobody wrote down how many there were, and where that makes no sense", async () => {
    const provider = await rig.provider();
    await provider.wake({ id: rig.app("blog") }, never);
    expect(rig.simulator.replicas("blog")).toBe(1);
    const id = rig.app("odd", { annotations: { "wakegate.io/replicas": "many" } });
    await provider.wake({ id }, never);
    expect(rig.simulator.replicas("odd")).toBe(1);
  });

  it("and a sleep go on although others write at the same time", async () => {
    const id = rig.app("blog");
    const provider = await rig.provider();
    rig.simulator.faults.conflicts = 3;
    await provider.wake({ id }, never);
    expect(rig.simulator.replicas("blog")).toBe(1);
    rig.simulator.faults.conflicts = 3;
    await provider.sleep(id, stop, never);
    expect(rig.simulator.replicas("blog")).toBe(0);
    expect(remembered("blog")).toBe("1");
  });

  it("gives up when others never let it write", async () => {
    const id = rig.app("blog");
    rig.simulator.faults.conflicts = 1_000;
    const waking = (await rig.provider()).wake({ id }, never);
    await expect(waking).rejects.toMatchObject({ code: "engine_failed" });
    await expect(waking).rejects.toThrow("somebody else changed default/deployment/blog");
  });

  it("waits until the Service leads to a pod, readiness gates included", async () => {
    rig.simulator.controllers.gate = false;
    const id = rig.app("blog", { gated: true });
    const provider = await rig.provider();
    let awake = false;
    const waking = provider.wake({ id }, never).then(() => (awake = true));
    for (let tries = 0; rig.simulator.count("list", "pods") < 8; tries++) {
      if (tries > 1_200) throw new Error("never looked");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(awake).toBe(false);
    expect(await provider.inspect(id, never)).toMatchObject({ status: "restarting", health: "starting" });
    rig.simulator.controllers.gate = true;
    rig.simulator.controllers.poke();
    await waking;
    expect(await provider.inspect(id, never)).toMatchObject({ status: "running", health: "healthy" });
  });

  const told = async (id: string, withinMs = 1_500): Promise<{ said: string[]; failure: unknown }> => {
    const provider = await rig.provider();
    const said: string[] = [];
    const patience = { withinMs, onWaiting: (why: string | undefined) => void said.push(why ?? "over") };
    const failure: unknown = await provider.wake({ id }, never, patience).catch((error: unknown) => error);
    return { said, failure };
  };

  it("that no node takes fails with the scheduler's reason", async () => {
    rig.simulator.controllers.unschedulable = "0/1 nodes are available: 1 Insufficient memory.";
    const { said, failure } = await told(rig.app("blog"));
    expect(said).toEqual(["Unschedulable: 0/1 nodes are available: 1 Insufficient memory."]);
    expect(failure).toMatchObject({ name: "ProviderError", code: "engine_timeout" });
    expect(String(failure)).toContain("1 Insufficient memory");
  });

  it("whose image cannot be pulled fails with the kubelet's reason", async () => {
    const { failure } = await told(rig.app("blog", { image: "registry.test/missing:1" }));
    expect(String(failure)).toContain("ImagePullBackOff: Back-off pulling image");
  });

  it("whose container ends again and again fails with its exit code", async () => {
    const { failure } = await told(rig.app("blog", { env: { EXIT_MS: "0", EXIT_CODE: "7" }, probed: true }));
    expect(String(failure)).toContain("ends again and again, the last time with exit code 7");
  });

  it("goes on when the answer to the scaling was lost", async () => {
    const id = rig.app("blog");
    rig.simulator.faults.cut = { verb: "update", times: 1 };
    const provider = await rig.provider();
    await expect(provider.wake({ id }, never)).rejects.toMatchObject({ code: "engine_unreachable" });
    await provider.wake({ id }, never);
    expect(rig.simulator.replicas("blog")).toBe(1);
  });
});

describe("a sleep", () => {
  it("needs no right to write annotations, and then keeps the number in mind", async () => {
    const rules = [
      { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["update"] },
      { apiGroups: ["", "discovery.k8s.io", "networking.k8s.io"], resources: ["*"], verbs: ["*"] },
    ];
    rig.simulator.addToken("less", "wakegate", { "*": rules });
    const id = rig.app("blog", { replicas: 2 });
    const provider = await rig.provider({ token: "less" });
    await provider.sleep(id, stop, never);
    expect(remembered("blog")).toBeUndefined();
    expect(rig.said.join("\n")).toContain("is forgotten when Wakegate ends");
    await provider.wake({ id }, never);
    expect(rig.simulator.replicas("blog")).toBe(2);
  });

  it("that something else undoes says what may have done it", async () => {
    const id = rig.app("blog", { replicas: 1, graceSeconds: 1 });
    const provider = await rig.provider();
    await provider.wake({ id }, never);
    using _ = rig.simulator.store.happened.subscribe(({ kind, object }) => {
      const { replicas } = (object["spec"] ?? {}) as { replicas?: number };
      if (kind === KINDS.deployments && replicas === 0) setImmediate(() => rig.simulator.scale("blog", 1));
    });
    const sleeping = provider.sleep(id, stop, never);
    await expect(sleeping).rejects.toThrow(/scaled up again at once: does KEDA, GitOps or an operator/);
  });

  it("by anything but a stop is refused", async () => {
    const id = rig.app("blog");
    const pausing = (await rig.provider()).sleep(id, { method: "pause" }, never);
    await expect(pausing).rejects.toMatchObject({ code: "not_supported" });
  });
});

describe("what others do", () => {
  it("is told: a scale to 0 with its signal and its end, a scale up as a start", async () => {
    const id = rig.app("blog", { replicas: 1, env: { ON_TERM: "slow:300" } });
    const provider = await rig.provider();
    const sink = await rig.watch(provider);
    await provider.wake({ id }, never);
    rig.simulator.scale("blog", 0);
    await sink.until("signalled", (seen) => seen.causes(id).includes("signalled"));
    await sink.until("died", (seen) => seen.causes(id).includes("died"));
    expect((await provider.inspect(id, never))?.status).toBe("exited");
    rig.simulator.scale("blog", 2);
    await sink.until(
      "started",
      (seen) => seen.causes(id).at(-1) === "health" || seen.causes(id).includes("started"),
    );
  });

  it("is a new run when a container was started anew", async () => {
    const id = rig.app("blog");
    const provider = await rig.provider();
    await provider.wake({ id }, never);
    const { runId } = (await provider.inspect(id, never)) ?? {};
    rig.simulator.controllers.kill(deployment("blog"));
    for (let tries = 0; ; tries++) {
      const now = await provider.inspect(id, never);
      if (now?.status === "running" && now.runId !== runId) break;
      if (tries > 1_200) throw new Error("never a new run");
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  });
});

describe("the doctor's question", () => {
  it("names each right that is missing, with the rule that grants it", async () => {
    const rules = [{ apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "watch"] }];
    rig.simulator.addToken("less", "wakegate", { "*": rules });
    const { refused } = (await (await rig.provider({ token: "less" })).examine(never)) ?? {};
    expect(refused).toContainEqual({
      call: "update deployments/scale",
      grant: '{ apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["update"] }',
    });
    expect(refused?.map(({ call }) => call)).toContain("usage: list pods");
    expect(refused?.some(({ call }) => call === "list deployments")).toBe(false);
    const all = await (await rig.provider()).examine(never);
    expect(all.refused).toEqual([]);
  });

  it("is asked of each namespace that is looked at", async () => {
    const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    rig.simulator.addToken("narrow", "wakegate", { web: rules });
    const provider = await rig.provider({ token: "narrow", namespaces: ["web", "games"] });
    const { refused } = await provider.examine(never);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ call }) => call.endsWith(" in games"))).toBe(true);
  });
});

describe("usage", () => {
  it("is none where there is no metrics-server, which is said once", async () => {
    rig.simulator.api.metrics = false;
    const id = rig.app("blog");
    const provider = await rig.provider();
    await provider.wake({ id }, never);
    expect(await provider.usage(id, never)).toBeUndefined();
    expect(await provider.usage(id, never)).toBeUndefined();
    expect(rig.said.filter((line) => line.includes("no metrics-server"))).toHaveLength(1);
    expect(rig.simulator.seen.filter(({ group }) => group === "metrics.k8s.io")).toHaveLength(1);
  });
});
