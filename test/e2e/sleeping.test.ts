import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { suite } from "../support/require.ts";
import { ask, megabyte, openEchoSocket, told } from "./support/ask.ts";
import {
  engineOfFile,
  makeApp,
  proxyNames,
  putBefore,
  stageOfFile,
  timesOf,
  untilAsleep,
  type Stage,
} from "./support/stage.ts";

const engine = engineOfFile();
const stage = stageOfFile(engine);

/** Signals that were sent to the container, in order, and its end, with wall ms. */
async function lastHour({ docker }: Stage, name: string): Promise<{ what: string; at: number }[]> {
  return (await docker.events(Date.now() - 3_600_000, name))
    .filter(({ Action }) => Action === "kill" || Action === "die")
    .map(({ Action, Actor, timeNano }) => ({
      what: Action === "kill" ? `signal ${Actor.Attributes["signal"] ?? ""}` : Action,
      at: timeNano / 1e6,
    }));
}

suite("docker", "an app that nobody uses is put to sleep", () => {
  describe.concurrent("in the way and at the time that were asked for", () => {
    it("stop: the image's signal, and the app ends by itself", async () => {
      const s = await stage();
      const labels = { idle_timeout: "1s" };
      await using app = await makeApp(s, "way-stop", { is: "ready", labels });
      await untilAsleep(s, app.name, "stopped");
      expect((await s.docker.inspect(app.name)).State).toMatchObject({ Status: "exited", ExitCode: 0 });
      expect((await lastHour(s, app.name)).map(({ what }) => what)).toEqual(["signal 15", "die"]);
    });

    it("pause: it stays in memory, and a request finds the same process", async () => {
      const s = await stage();
      const labels = { idle_timeout: "1s", stop_method: "pause" };
      await using app = await makeApp(s, "way-pause", { is: "ready", labels });
      await untilAsleep(s, app.name, "paused");
      expect((await s.docker.inspect(app.name)).State).toMatchObject({ Paused: true });
      expect(await lastHour(s, app.name)).toEqual([]);
    });

    it("kill: at once and without a word", async () => {
      const s = await stage();
      const labels = { idle_timeout: "1s", stop_method: "kill" };
      await using app = await makeApp(s, "way-kill", { is: "ready", labels });
      await untilAsleep(s, app.name, "stopped");
      expect((await s.docker.inspect(app.name)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
      expect((await lastHour(s, app.name)).map(({ what }) => what)).toEqual(["signal 9", "die"]);
    });

    it("stop_signal: another signal than the image's", async () => {
      const s = await stage();
      const labels = { idle_timeout: "1s", stop_signal: "USR1" };
      await using app = await makeApp(s, "way-signal", { is: "ready", labels });
      await untilAsleep(s, app.name, "stopped");
      // The app ends with 7 on this signal alone.
      expect((await s.docker.inspect(app.name)).State).toMatchObject({ Status: "exited", ExitCode: 7 });
    });

    it("stop_timeout: killed when the grace is over, not after the container's own", async () => {
      const s = await stage();
      const labels = { idle_timeout: "1s", stop_timeout: "2s" };
      await using app = await makeApp(s, "way-timeout", {
        is: "ready",
        labels,
        env: { ON_TERM: "ignore" },
        stopTimeoutSeconds: 600,
      });
      await untilAsleep(s, app.name, "stopped");
      expect((await s.docker.inspect(app.name)).State).toMatchObject({ Status: "exited", ExitCode: 137 });
      const [term, kill, die] = await lastHour(s, app.name);
      expect([term?.what, kill?.what, die?.what]).toEqual(["signal 15", "signal 9", "die"]);
      expect((kill?.at ?? 0) - (term?.at ?? 0)).toBeGreaterThan(1_900);
    });

    it("stop_timeout with stop_signal: the same where the app ignores that signal", async () => {
      const s = await stage();
      const labels = { idle_timeout: "1s", stop_timeout: "2s", stop_signal: "SIGHUP" };
      await using app = await makeApp(s, "way-both", { is: "ready", labels, stopTimeoutSeconds: 600 });
      await untilAsleep(s, app.name, "stopped");
      const [hup, next] = await lastHour(s, app.name);
      expect(hup?.what).toBe("signal 1");
      expect((next?.at ?? 0) - (hup?.at ?? 0)).toBeGreaterThan(1_900);
    });

    it("never: stays awake", async () => {
      const s = await stage();
      await using app = await makeApp(s, "way-never", { is: "ready", labels: { idle_timeout: "never" } });
      await using other = await makeApp(s, "way-beside", { is: "ready", labels: { idle_timeout: "1s" } });
      await untilAsleep(s, other.name, "stopped");
      expect((await s.docker.inspect(app.name)).State.Running).toBe(true);
    });
  });
});

for (const proxy of proxyNames) {
  suite(["docker", proxy], `an app behind ${proxy}`, () => {
    describe.concurrent("in use", () => {
      it.each(["GET", "POST"])("a %s while it goes down is answered after the next wake", async (method) => {
        const s = await stage();
        await using app = await makeApp(s, `down-${method.toLowerCase()}-${proxy}`, {
          labels: { idle_timeout: "1s" },
          env: { ON_TERM: "slow:3000" },
        });
        await using front = await putBefore(proxy, s, app);
        const before = told(await ask(front.url("/before")));
        await s.wakegate.until("sleep_started", app.name);
        const since = Date.now();
        const { body, whole } = megabyte();
        const answer = told(await ask(front.url("/during"), method === "POST" ? { method, body } : {}));
        expect(answer).toMatchObject({ method, url: "/during", ...(method === "POST" && whole) });
        expect(answer.run).not.toBe(before.run);
        expect(await s.docker.count("start", app.name, since)).toBe(1);
      });

      it("a paused one goes on where it was", async () => {
        const s = await stage();
        await using app = await makeApp(s, `again-${proxy}`, {
          labels: { idle_timeout: "1s", stop_method: "pause" },
        });
        await using front = await putBefore(proxy, s, app);
        const before = told(await ask(front.url()));
        await untilAsleep(s, app.name, "paused");
        expect(told(await ask(front.url())).run).toBe(before.run);
        expect(await s.docker.count("start", app.name, Date.now() - 3_600_000)).toBe(1);
      });

      it("an open WebSocket keeps it awake, talking or quiet, and only for so long", async () => {
        const s = await stage();
        await using app = await makeApp(s, `talks-${proxy}`, { labels: { idle_timeout: "1s" } });
        await using front = await putBefore(proxy, s, app);
        const socket = await openEchoSocket(front.url());
        const text = "x".repeat(2_000);
        await s.wakegate.until("target_ready", app.name);
        // Each look comes after a whole idle time without a request.
        while (timesOf(s, "last_look", app.name) < 3) {
          await socket.echo(text);
          await delay(50);
        }
        while (timesOf(s, "last_look", app.name) < 6) await delay(50);
        await socket.echo("still here");
        expect(timesOf(s, "sleep_started", app.name)).toBe(0);
        socket[Symbol.dispose]();
        await untilAsleep(s, app.name, "stopped");
      });

      it("a download that takes longer than the idle time arrives whole", async () => {
        const s = await stage();
        await using app = await makeApp(s, `loads-${proxy}`, { labels: { idle_timeout: "1s" } });
        await using front = await putBefore(proxy, s, app);
        // 64 KiB every 100 ms: about 8 s.
        const bytes = 80 * 65_536;
        const answer = await ask(front.url(`/big?bytes=${String(bytes)}&ms=100`));
        expect(answer).toMatchObject({ status: 200, headers: { "x-app": app.name } });
        expect(answer.text.length).toBe(bytes);
        const looks = s.wakegate.log().filter((l) => l.event === "last_look" && l.target === app.name);
        expect(looks.length).toBeGreaterThan(0);
        await untilAsleep(s, app.name, "stopped");
        expect(timesOf(s, "sleep_started", app.name)).toBe(1);
      });

      it("requests that keep coming keep it awake", async () => {
        const s = await stage();
        const idleMs = 2_000;
        await using app = await makeApp(s, `busy-${proxy}`, {
          is: "ready",
          labels: { idle_timeout: `${String(idleMs)}ms` },
        });
        await using front = await putBefore(proxy, s, app);
        const began = Date.now();
        let longestGap = 0;
        for (let last = began; last - began < 3 * idleMs;) {
          told(await ask(front.url()));
          longestGap = Math.max(longestGap, Date.now() - last);
          last = Date.now();
          await delay(200);
        }
        // Should this machine have slept itself, the app was right to do so.
        expect(timesOf(s, "sleep_started", app.name) > 0 && longestGap < idleMs).toBe(false);
      });

      it("a request shortly before the end of the idle time puts off the sleep by a whole one", async () => {
        const s = await stage();
        const idleMs = 3_000;
        await using app = await makeApp(s, `late-${proxy}`, {
          labels: { idle_timeout: `${String(idleMs)}ms` },
        });
        await using front = await putBefore(proxy, s, app);
        told(await ask(front.url("/first")));
        await delay(idleMs - 300);
        const last = Date.now();
        told(await ask(front.url("/last")));
        await untilAsleep(s, app.name, "stopped");
        const signal = (await lastHour(s, app.name)).find(({ at }) => at >= last);
        expect(signal?.what).toBe("signal 15");
        expect((signal?.at ?? 0) - last).toBeGreaterThanOrEqual(idleMs);
      });
    });
  });
}
