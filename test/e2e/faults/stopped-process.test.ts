import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { suite } from "../../support/require.ts";
import { engineOfFile } from "../support/stage.ts";
import { followEngine, isOpen } from "../support/visit.ts";
import { faultRig } from "./rig.ts";

/** How long Wakegate stands still: longer than every idle time here and than a hold. A minute shows nothing more. */
const STILL_MS = Number(process.env["WAKEGATE_TEST_STILL_SECONDS"] ?? 27) * 1_000;

suite("docker", "Wakegate under SIGSTOP", () => {
  const engine = engineOfFile();

  it("goes on where it was: held requests are answered, what happened meanwhile is seen, use is still use", async () => {
    await using r = await faultRig(await engine());
    using events = await followEngine(r.docker);
    await r.make("slow", { env: { BOOT_MS: "1500" } });
    await r.make("taken");
    await r.make("used", { labels: { idle_timeout: "3s" } });
    await r.visit("taken");
    const held = r.visit("slow");
    await events.until("start", "slow");
    const before = await r.visit("used");

    process.kill(r.wakegate.pid, "SIGSTOP");
    try {
      await r.docker.stop("taken", 0);
      const asked = r.visit("used");
      await delay(STILL_MS);
      expect(await isOpen(asked)).toBe(true);
      process.kill(r.wakegate.pid, "SIGCONT");
      // Whoever asked while it stood still used the app: it was not put to sleep in between.
      expect(await asked).toMatchObject({ status: 200, run: before.run });
    } finally {
      process.kill(r.wakegate.pid, "SIGCONT");
    }
    expect(await held).toMatchObject({ status: 200, app: "slow" });
    expect(events.times("start", "slow")).toHaveLength(1);
    await r.wakegate.until("foreign_stop", "taken");
    expect(await r.visit("taken")).toMatchObject({ status: 200, app: "taken" });
    // Nobody comes any more: it sleeps in the end.
    await events.until("die", "used");
  });
});
