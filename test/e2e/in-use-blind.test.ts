import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { suite } from "../support/require.ts";
import { openEchoSocket, type EchoSocket } from "./support/ask.ts";
import { makeApp, putBefore, stageOfFile, timesOf, until, untilAsleep, type Stage } from "./support/stage.ts";

const BLIND_NOTE = "Blind to quiet WebSockets (open connections cannot be read)";
const BLIND_LINE = "connections blind: open connections cannot be read: blind to quiet WebSockets";

const stage = stageOfFile(undefined, { env: { WAKEGATE_PROC_DIR: "/there-is-no-proc" } });

/** The evidence of the last look at it. */
function lastLook({ wakegate }: Stage, name: string): readonly string[] {
  const line = wakegate.log().findLast(({ event, target }) => event === "last_look" && target === name);
  return (line?.["evidence"] as readonly string[] | undefined) ?? [];
}

async function whyNotes({ wakegate }: Stage, name: string): Promise<readonly string[]> {
  const response = await fetch(`http://${wakegate.internal}/api/v1/why/${name}`, {
    headers: wakegate.asAdmin,
  });
  return ((await response.json()) as { notes: readonly string[] }).notes;
}

/** Sends a few bytes at intervals until it is ended. */
function keepPinging(socket: EchoSocket, everyMs: number): AsyncDisposable {
  const ends = new AbortController();
  const pinging = (async () => {
    for (; !ends.signal.aborted; await delay(everyMs)) await socket.echo("ping");
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      ends.abort();
      await pinging;
    },
  };
}

suite(["docker", "caddy"], "an app whose connections cannot be read", () => {
  it("is kept awake by the pings of a WebSocket, far below what else counts as traffic", async () => {
    const s = await stage();
    await using app = await makeApp(s, "pinged", { labels: { idle_timeout: "3s" } });
    await using front = await putBefore("caddy", s, app);
    {
      using socket = await openEchoSocket(front.url());
      await using _ = keepPinging(socket, 500);
      await until("two looks", () => {
        expect(timesOf(s, "sleep_started", app.name)).toBe(0);
        return timesOf(s, "last_look", app.name) >= 2;
      });
      expect(await whyNotes(s, app.name)).toContain(BLIND_NOTE);
      const look = lastLook(s, app.name);
      expect(look).toContain(BLIND_LINE);
      const rate = look.find((line) => line.startsWith("network in-use"));
      // In B/s, not in KB/s.
      expect(rate).toMatch(/^network in-use: \d+ B\/s, noise is below \d+ B\/s$/);
    }
    await untilAsleep(s, app.name, "stopped");
  });

  it("is put to sleep under a silent WebSocket, and the log says what could not be seen", async () => {
    const s = await stage();
    await using app = await makeApp(s, "silent", { labels: { idle_timeout: "2s" } });
    await using front = await putBefore("caddy", s, app);
    using _ = await openEchoSocket(front.url());
    await untilAsleep(s, app.name, "stopped");
    const look = lastLook(s, app.name);
    expect(look).toContain(BLIND_LINE);
    // The doubt is worth a second comparison.
    expect(look.filter((line) => line.startsWith("network quiet"))).toHaveLength(2);
  });
});
