import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { RecordingSink } from "./recording-sink.ts";
import { never, type ContractRig } from "./rig.ts";

/** What every provider tells unasked. */
export function watchingContract(rig: ContractRig): void {
  describe("watch", () => {
    test("lists first, completely, and resolves quietly after the abort", async () => {
      const id = await rig.app();
      const { sink, stop, done } = rig.watching();
      await sink.until("listed", ({ listings }) => listings.length === 1);
      expect(sink.seen[0]).toHaveProperty("listed");
      expect(sink.listings[0]?.instances.find((instance) => instance.id === id)).toMatchObject({
        status: rig.traits.neverRan,
      });
      expect(sink.listings[0]?.selfId).toBeUndefined();
      stop.abort(new Error("enough"));
      await expect(done).resolves.toBeUndefined();
      const { length } = sink.seen;
      await rig.wake(id);
      await delay(100);
      expect(sink.seen).toHaveLength(length);
    });

    test("tells starts and stops", async () => {
      const id = await rig.app();
      const { sink, stop, done } = rig.watching();
      await sink.until("listed", ({ listings }) => listings.length === 1);
      await rig.wakeFully(id);
      await sink.until("started", (sink) => sink.causes(id).includes("started"));
      if (rig.traits.pauses) {
        await rig.provider.sleep(id, { method: "pause" }, never);
        await rig.provider.wake(await rig.look(id), never);
        await sink.until("unpaused", (sink) => sink.causes(id).includes("unpaused"));
      }
      await rig.provider.sleep(id, { method: "stop" }, never);
      await sink.until("died", (sink) => sink.causes(id).includes("died"));
      expect(sink.causes(id).filter((cause) => cause === "started")).toHaveLength(1);
      const announced = { changed: { id, cause: "signalled" as const, signal: "SIGTERM" } };
      if (rig.traits.announces) expect(sink.seen).toContainEqual(announced);
      stop.abort();
      await done;
    });

    test("tells an end that others brought about, and what is gone", async () => {
      const id = await rig.app();
      const instance = await rig.wakeFully(id);
      const { sink, stop, done } = rig.watching();
      await sink.until("listed", ({ listings }) => listings.length === 1);
      await rig.world.killOutside(id, instance);
      await sink.until("died", (sink) => sink.causes(id).includes("died"));
      await rig.eventually(async () => (await rig.look(id)).status === "exited");
      if (!rig.traits.staged || !rig.traits.removable) {
        stop.abort();
        return done;
      }
      await rig.world.destroy(id);
      await sink.until(
        "destroyed",
        (sink) =>
          sink.causes(id).includes("destroyed") ||
          sink.listings.at(-1)?.instances.every((instance) => instance.id !== id) === true,
      );
      expect(await rig.provider.inspect(id, never)).toBeUndefined();
      stop.abort();
      await done;
    });

    test("lists once more after a gap, without telling an outage", async (context) => {
      if (!rig.world.gap) return context.skip("this provider has no connection");
      const { sink, stop, done } = rig.watching();
      await sink.until("listed", ({ listings }) => listings.length === 1);
      await rig.world.gap();
      await sink.until("listed again", ({ listings }) => listings.length === 2);
      const id = await rig.app();
      await sink.until("created", (sink) => sink.causes(id).includes("created"));
      expect(sink.listings).toHaveLength(2);
      expect(sink.outages).toHaveLength(0);
      stop.abort();
      await done;
    });

    test("tells an outage once, and lists when it is over", async (context) => {
      if (!rig.world.outage) return context.skip("this provider cannot be unreachable");
      const { sink, stop, done } = rig.watching();
      await sink.until("listed", ({ listings }) => listings.length === 1);
      await rig.world.outage.begin();
      await sink.until("away", ({ outages }) => outages.length === 1);
      const id = await rig.app();
      await delay(300);
      expect(sink.outages).toHaveLength(1);
      expect(sink.outages[0]).toMatchObject({ name: "ProviderError", code: "engine_unreachable" });
      await rig.world.outage.end();
      await sink.until("listed again", ({ listings }) => listings.length === 2);
      expect(sink.listings[1]?.instances.some((instance) => instance.id === id)).toBe(true);
      stop.abort();
      await done;
    });
  });

  test("what runs goes on running when Wakegate ends, and is known to the next one", async () => {
    const id = await rig.app();
    const { runId, pid } = await rig.wakeFully(id);
    const same = { status: "running", runId, ...(pid !== undefined && { pid }) };
    await rig.provider[Symbol.asyncDispose]();
    await using next = await rig.world.reopen();
    expect(await next.inspect(id, never)).toMatchObject(same);
    await next.wake({ id, status: "running" }, never);
    const sink = new RecordingSink();
    const stop = new AbortController();
    const done = next.watch(sink, stop.signal);
    await sink.until("listed", ({ listings }) => listings.length === 1);
    await next.sleep(id, { method: "stop", timeoutMs: 5_000 }, never);
    await sink.until("died", (sink) => sink.causes(id).includes("died"));
    expect((await next.inspect(id, never))?.status).toBe("exited");
    stop.abort();
    await done;
  });
}
