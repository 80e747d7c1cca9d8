import { afterAll, beforeAll, expect, it } from "vitest";
import { startPodman, type PrivatePodman } from "../support/podman.ts";
import { suite } from "../support/require.ts";
import { ask } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

suite("podman", "an app on Podman that cannot wake up", () => {
  let podman: PrivatePodman;
  beforeAll(async () => {
    podman = await startPodman();
  }, 120_000);
  afterAll(() => podman[Symbol.asyncDispose]());

  it("exits for ever under a restart policy: the wake ends at the second exit, with exit code and last words", async () => {
    await podman.raw.create("app", {
      restart: "always",
      network: "none",
      labels: {
        "wakegate.enable": "true",
        "wakegate.hosts": "app.test",
        "wakegate.readiness.kind": "http",
        "wakegate.address": "127.0.0.1:9",
        "wakegate.page.details": "true",
        "wakegate.page.logs": "true",
      },
      env: { EXIT_MS: "400", BOOT_MS: "60000", EXIT_CODE: "5" },
    });
    await using wakegate = await startWakegate({ socketPath: podman.socketPath });
    const held = await ask(wakegate, "app.test");
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toMatch(/stopped while starting, \d times in a row \(exit code 5\)/);
    expect(held.body).toContain("fatal: exiting with 5 as asked");
    await podman.raw.rm("app");
  }, 120_000);
});
