import { expect, it } from "vitest";
import { suite } from "../../support/require.ts";
import { engineOfFile } from "../support/stage.ts";
import { eventually } from "../support/visit.ts";
import { faultRig } from "./rig.ts";

suite("docker", "names that do not resolve", () => {
  const engine = engineOfFile();

  it("of an app: the failure names it, and a corrected label mends it", async () => {
    await using r = await faultRig(await engine());
    const labels = { address: "app.invalid:8080", wake_timeout: "2s" };
    await r.make("lost", { labels });
    expect(await r.ask("lost")).toMatchObject({ status: 503, state: "error" });
    expect((await r.wakegate.until("wake_failed", "lost")).msg).toContain("app.invalid");
    await r.docker.rm("lost");
    await r.wakegate.until("target_missing", "lost");
    await r.make("lost", { labels: { wake_timeout: "60s" } });
    await eventually("the app", async () => (await r.visit("lost").catch(() => undefined))?.app === "lost");
  });
});
