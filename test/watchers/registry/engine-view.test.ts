import { describe, expect, it } from "vitest";
import type { Instance, Provider } from "../../../src/providers/provider.ts";
import { EngineView } from "../../../src/watchers/registry/engine-view.ts";
import { settle, VirtualClock } from "../../support/virtual-clock.ts";

const NEVER = new AbortController().signal;

/** A view of an engine whose inspections the test answers one by one, in any order. */
function rig(onInspected: (view: EngineView) => void = () => undefined) {
  const asked: PromiseWithResolvers<Instance | undefined>[] = [];
  const provider = {
    engine: "local",
    inspect: (_id: string, signal: AbortSignal) => {
      const one = withResolvers<Instance | undefined>();
      asked.push(one);
      signal.addEventListener("abort", () => one.reject(signal.reason as Error));
      return one.promise;
    },
  } as unknown as Provider;
  const listener = {
    onListed: () => undefined,
    onInspected,
    onStopSignal: () => undefined,
    onAway: () => undefined,
    onInspectFailed: () => undefined,
  };
  const view = new EngineView(provider, new VirtualClock(), listener, NEVER);
  return { view, asked, answer: (index: number, runId: string) => asked[index]?.resolve(run(runId)) };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const run = (runId: string): Instance => ({ id: "blog", runId, status: "running" }) as unknown as Instance;
const change = { id: "blog", cause: "started" } as const;

describe("what is current", () => {
  it("is what is being told, without another question", async () => {
    const current: Promise<Instance | undefined>[] = [];
    const r = rig((view) => current.push(view.current("blog", NEVER)));
    r.view.changed(change);
    r.answer(0, "first");
    await settle();
    expect(r.asked).toHaveLength(1);
    expect(await current[0]).toMatchObject({ runId: "first" });
  });

  it("is not what is being told when a change came meanwhile", async () => {
    const r = rig((view) => void view.current("blog", NEVER));
    r.view.changed(change);
    r.view.changed(change);
    r.answer(0, "first");
    await settle();
    // Two changes, two looks; the first one's listener gets what the second one is asking.
    expect(r.asked).toHaveLength(2);
    r.answer(1, "second");
    await settle();
    expect(r.asked).toHaveLength(2);
  });

  it("joins what was asked after the last change", async () => {
    const r = rig();
    const asked = r.view.inspect("blog", NEVER);
    const current = r.view.current("blog", NEVER);
    expect(r.asked).toHaveLength(1);
    r.answer(0, "first");
    expect(await current).toBe(await asked);
  });

  it("joins nothing that was asked before a change", async () => {
    const r = rig();
    void r.view.inspect("blog", NEVER);
    r.view.changed(change);
    r.answer(1, "of the look");
    await settle();
    const current = r.view.current("blog", NEVER);
    expect(r.asked).toHaveLength(3);
    r.answer(0, "old");
    r.answer(2, "new");
    expect(await current).toMatchObject({ runId: "new" });
  });

  it("is asked anew when those who asked before give up", async () => {
    const r = rig();
    const giveUp = new AbortController();
    const asked = r.view.inspect("blog", giveUp.signal).catch(() => "given up");
    const current = r.view.current("blog", NEVER);
    giveUp.abort(new Error("enough"));
    await settle();
    expect(await asked).toBe("given up");
    expect(r.asked).toHaveLength(2);
    r.answer(1, "new");
    expect(await current).toMatchObject({ runId: "new" });
  });

  it("ends with its own signal, while others go on", async () => {
    const r = rig();
    const asked = r.view.inspect("blog", NEVER);
    const giveUp = new AbortController();
    const current = r.view.current("blog", giveUp.signal);
    giveUp.abort(new Error("enough"));
    await expect(current).rejects.toThrow("enough");
    r.answer(0, "first");
    expect(await asked).toMatchObject({ runId: "first" });
    expect(r.asked).toHaveLength(1);
  });
});
