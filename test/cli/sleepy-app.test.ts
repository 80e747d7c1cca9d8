import { describe, expect, it } from "vitest";
import { demoSettings } from "../../src/cli/demo/demo-settings.ts";
import { endApps } from "../../src/cli/demo/end-apps.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { openProcessProvider } from "../../src/providers/open.ts";
import { freePort } from "../support/free-port.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("the demo's app", () => {
  it("takes its time, tells how it is, and is gone after endApps()", async () => {
    await using folder = await tempFolder("sleepy");
    const appPort = await freePort();
    const settings = await demoSettings({ dir: folder.path, appPort, idleMs: 20_000, bootMs: 300 });
    const [target] = settings.targets;
    expect(target).toMatchObject({ name: "sleepy-app", idleTimeoutMs: 20_000, port: appPort });
    expect(target?.routes.map(({ host }) => host)).toEqual(["127.0.0.1", "localhost"]);
    // From source the program runs under tsx, which a test's own process does not.
    const source = target?.source;
    if (source?.kind !== "process") throw new Error("the demo's target is a process");
    const { command, ...rest } = source.process;
    const spec = { ...rest, command: [process.execPath, "--import", "tsx", command.at(-1) ?? ""] };
    const { signal } = new AbortController();
    const provider = await openProcessProvider(new Map([["sleepy-app", spec]]), {
      clock: systemClock,
      stateDir: settings.stateDir,
    });
    await provider.wake({ id: "sleepy-app", status: "created" }, signal);
    const page = async (): Promise<string> =>
      fetch(`http://127.0.0.1:${String(appPort)}/`).then(
        (answer) => answer.text(),
        () => "",
      );
    await expect.poll(page, { timeout: 30_000 }).toContain("Awake since");
    const pid = Number(/process (\d+)/.exec(await page())?.[1]);
    await provider[Symbol.asyncDispose]();
    expect(process.kill(pid, 0)).toBe(true);
    await endApps(settings);
    await expect
      .poll(() => {
        try {
          return process.kill(pid, 0);
        } catch {
          return "gone";
        }
      })
      .toBe("gone");
    await endApps(settings);
  });
});
