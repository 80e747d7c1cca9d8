import { describe, expect, test } from "vitest";
import { LIMIT, never, type ContractRig } from "./rig.ts";

/** What every provider says of its instances. */
export function lookingContract(rig: ContractRig): void {
  describe("inspect", () => {
    test("knows an instance that never ran, by id and by name", async () => {
      const id = await rig.app();
      const instance = await rig.look(id);
      expect(instance).toMatchObject({ id, status: rig.traits.neverRan, health: "none" });
      expect(rig.traits.staged ? instance.runId : "").toBe("");
      expect(instance.pid).toBeUndefined();
      expect(instance.exit).toBeUndefined();
      expect(await rig.provider.inspect(instance.name, never)).toEqual(instance);
    });

    test("answers undefined for what does not exist or cannot exist", async () => {
      expect(await rig.provider.inspect("nobody-of-this-name", never)).toBeUndefined();
      expect(await rig.provider.inspect("../version?", never)).toBeUndefined();
    });

    test("rejects with the signal's own reason", async () => {
      const reason = new Error("changed my mind");
      await expect(rig.provider.inspect(await rig.app(), AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    test("tells exit code and time of a run that ended by itself", async () => {
      rig.needs("ends");
      // Long enough for an engine that has to look to see it run.
      const id = await rig.app({ EXIT_MS: "2000", EXIT_CODE: "7" });
      const before = Date.now();
      const { runId } = await rig.wake(id);
      await rig.eventually(async () => (await rig.look(id)).status === "exited");
      const { exit, ...instance } = await rig.look(id);
      expect(instance.runId).toBe(runId);
      if (!rig.traits.exits) return;
      expect(exit).toMatchObject({ code: 7, oomKilled: false });
      expect(exit?.at).toBeGreaterThanOrEqual(before);
      expect(instance.pid).toBeUndefined();
    });
  });

  describe("logs", () => {
    test("are none where the engine keeps none", async (context) => {
      if (rig.provider.can.has("logs")) return context.skip("supported here");
      expect(await rig.provider.logs(await rig.app(), LIMIT, never)).toEqual([]);
    });

    test("are the latest run's last lines, of both outputs, without control characters", async (context) => {
      if (!rig.provider.can.has("logs")) return context.skip("not supported here");
      const id = await rig.app({ NAME: "\u001b[31mred\u0007\u001b[0m" });
      await rig.wakeFully(id);
      await rig.provider.sleep(id, { method: "stop" }, never);
      await rig.wakeFully(id);
      const lines = await rig.provider.logs(id, LIMIT, never);
      expect(lines.filter((line) => line.startsWith("red: booting"))).toHaveLength(1);
      expect(lines.at(-1)).toMatch(/^red: listening/);
      expect(await rig.provider.logs(id, { lines: 1, bytes: 4096 }, never)).toEqual([lines.at(-1)]);
    });

    test("are still there after the end", async (context) => {
      if (!rig.provider.can.has("logs")) return context.skip("not supported here");
      rig.needs("ends");
      const id = await rig.app({ EXIT_MS: "0", EXIT_CODE: "3" });
      await rig.wake(id);
      await rig.eventually(async () => (await rig.look(id)).status === "exited");
      // On a busy machine an engine reports the exit before it has copied the last lines.
      const last = "sleepy: fatal: exiting with 3 as asked";
      await rig.eventually(async () => (await rig.provider.logs(id, LIMIT, never)).at(-1) === last);
    });
  });

  describe("exec", () => {
    test("runs a command and tells code and output", async (context) => {
      if (!rig.provider.can.has("exec")) return context.skip("not supported here");
      const id = await rig.app();
      await rig.wakeFully(id);
      const result = await rig.provider.exec(id, ["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], never);
      expect(result.exitCode).toBe(3);
      expect(result.output.split("\n").toSorted()).toEqual(["", "err", "out"]);
      const long = await rig.provider.exec(id, ["/bin/sh", "-c", "yes | head -n 100000"], never);
      expect(long.exitCode).toBe(0);
      expect(long.output.length).toBeLessThanOrEqual(4096);
    });

    test("says where it is not supported", async (context) => {
      if (rig.provider.can.has("exec")) return context.skip("supported here");
      const result = rig.provider.exec(await rig.app(), ["true"], never);
      await expect(result).rejects.toMatchObject({ name: "ProviderError", code: "not_supported" });
    });
  });

  describe("usage", () => {
    test("counts while it runs, where the provider can", async () => {
      rig.needs("counts");
      const id = await rig.app();
      await rig.wakeFully(id);
      const usage = await rig.provider.usage(id, never);
      const counted = (usage?.cpuSeconds ?? 0) + (usage?.receivedBytes ?? 0);
      expect(counted > 0).toBe(rig.provider.can.has("usage"));
      await rig.provider.sleep(id, { method: "stop" }, never);
      expect(await rig.provider.usage(id, never)).toBeUndefined();
    });
  });
}
