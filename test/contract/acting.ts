import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { StopMethod } from "../../src/providers/provider.ts";
import { never, type ContractRig } from "./rig.ts";

/** What every provider does with its instances. */
export function actingContract(rig: ContractRig): void {
  describe("wake", () => {
    test("starts, and is content when it runs already", async () => {
      const id = await rig.app();
      const first = await rig.wake(id);
      expect(first.status).toBe("running");
      expect(first.runId).not.toBe("");
      expect(first.startedAt).toBeGreaterThan(Date.now() - 60_000);
      expect(rig.traits.exits ? first.pid : 2).toBeGreaterThan(1);
      expect(await rig.wake(id)).toMatchObject({ status: "running", runId: first.runId });
      // What the caller knows may be old.
      await rig.provider.wake({ id, status: "exited" }, never);
      await rig.provider.wake({ id, status: "paused" }, never);
      expect((await rig.look(id)).runId).toBe(first.runId);
    });

    test("starts once when it is asked twice at the same time", async () => {
      const id = await rig.app();
      const instance = await rig.look(id);
      await Promise.all([rig.provider.wake(instance, never), rig.provider.wake(instance, never)]);
      const { runId } = await rig.look(id);
      await delay(100);
      expect((await rig.look(id)).runId).toBe(runId);
    });

    test("gives every run an id of its own", async () => {
      const id = await rig.app();
      const first = await rig.wake(id);
      await rig.provider.sleep(id, { method: rig.provider.can.has("kill") ? "kill" : "stop" }, never);
      const second = await rig.wake(id);
      expect(second.status).toBe("running");
      expect(second.runId).not.toBe(first.runId);
    });

    test("fails with not_found for what does not exist", async () => {
      const wrong = rig.provider.wake({ id: "nobody-of-this-name", status: "exited" }, never);
      await expect(wrong).rejects.toMatchObject({ name: "ProviderError", code: "not_found" });
    });
  });

  describe("sleep", () => {
    const methods: readonly StopMethod[] = ["stop", "kill", "pause"];

    test("puts to sleep by each method, and wakes again", async () => {
      const id = await rig.app();
      const usable = methods.filter((method) => method !== "pause" || rig.traits.pauses);
      for (const method of usable.filter((method) => method === "stop" || rig.provider.can.has(method))) {
        await rig.wakeFully(id);
        await rig.provider.sleep(id, { method }, never);
        expect((await rig.look(id)).status).toBe(method === "pause" ? "paused" : "exited");
        await rig.provider.sleep(id, { method }, never);
        expect((await rig.look(id)).status).toBe(method === "pause" ? "paused" : "exited");
        expect((await rig.wake(id)).status).toBe("running");
      }
    });

    test("keeps the run across pause and unpause", async () => {
      rig.needs("pauses");
      const id = await rig.app();
      const { runId } = await rig.wakeFully(id);
      await rig.provider.sleep(id, { method: "pause" }, never);
      expect((await rig.wake(id)).runId).toBe(runId);
    });

    test("stops what is paused", async () => {
      rig.needs("pauses");
      const id = await rig.app();
      await rig.wakeFully(id);
      await rig.provider.sleep(id, { method: "pause" }, never);
      await rig.provider.sleep(id, { method: "stop", timeoutMs: 5_000 }, never);
      expect(await rig.look(id)).toMatchObject(rig.ended(0));
    });

    test("waits for a slow end within the grace", async () => {
      const id = await rig.app({ ON_TERM: "slow:700" });
      await rig.wakeFully(id);
      const began = Date.now();
      await rig.provider.sleep(id, { method: "stop", timeoutMs: 5_000 }, never);
      expect(Date.now() - began).toBeGreaterThan(600);
      expect(await rig.look(id)).toMatchObject(rig.ended(0));
    });

    test("kills what ignores the stop signal when the grace is over", async () => {
      const id = await rig.app({ ON_TERM: "ignore" });
      await rig.wakeFully(id);
      await rig.provider.sleep(id, { method: "stop", timeoutMs: 1_000 }, never);
      expect(await rig.look(id)).toMatchObject(rig.ended(137));
    });

    test("stops by a signal of the caller's", async () => {
      rig.needs("signals");
      const id = await rig.app({ ON_TERM: "ignore" });
      await rig.wakeFully(id);
      await rig.provider.sleep(id, { method: "stop", signal: "SIGUSR1", timeoutMs: 5_000 }, never);
      expect(await rig.look(id)).toMatchObject({ status: "exited", exit: { code: 7 } });
    });

    test("kills by a signal of the caller's, and says so when that does not help", async () => {
      rig.needs("signals");
      const id = await rig.app({ ON_TERM: "ignore" });
      await rig.wakeFully(id);
      const deaf = rig.provider.sleep(id, { method: "kill", signal: "SIGTERM", timeoutMs: 300 }, never);
      await expect(deaf).rejects.toMatchObject({ name: "ProviderError", code: "engine_timeout" });
      expect((await rig.look(id)).status).toBe("running");
      await rig.provider.sleep(id, { method: "kill", signal: "SIGUSR1", timeoutMs: 5_000 }, never);
      expect((await rig.look(id)).exit?.code).toBe(7);
    });

    test("takes what never ran for asleep, and fails with not_found for what does not exist", async () => {
      const id = await rig.app();
      await rig.provider.sleep(id, { method: "stop" }, never);
      expect((await rig.look(id)).status).toBe(rig.traits.neverRan);
      const wrong = rig.provider.sleep("nobody-of-this-name", { method: "stop" }, never);
      await expect(wrong).rejects.toMatchObject({ name: "ProviderError", code: "not_found" });
    });
  });
}
