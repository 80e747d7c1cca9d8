import { expect, it } from "vitest";
import type { PoolFacts } from "../../src/admin/facts/pool-facts.ts";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { suite } from "../support/require.ts";
import { ask, NAVIGATION, openEchoSocket, told } from "./support/ask.ts";
import { engineOfFile, makeApp, putBefore, until, untilAsleep, type Stage } from "./support/stage.ts";
import { startWakegate } from "./support/wakegate.ts";

const engine = engineOfFile();
/** Nothing sleeps by itself here. */
const ONE = "pools: { gpu: { max_awake: 1, yield_after: 1s } }\ndefaults: { idle_timeout: 1h, pool: gpu }";

suite(["docker", "caddy"], "apps that share one place, behind caddy", () => {
  /** A Wakegate of its own, so that nothing else is in the pool, and a front for each app. */
  async function scene(names: readonly string[], yaml = ONE) {
    await using opening = new AsyncStack();
    const docker = await engine();
    const wakegate = opening.use(await startWakegate({ socketPath: docker.socketPath, yaml }));
    const stage: Stage = { docker, wakegate };
    const fronts = new Map<string, string>();
    for (const name of names) {
      const app = opening.use(await makeApp(stage, name));
      const front = opening.use(await putBefore("caddy", stage, app));
      fronts.set(name, front.url());
    }
    const url = (name: string, path = "/"): string => new URL(path, fronts.get(name)).href;
    const open = opening.move();
    return {
      ...stage,
      url,
      visit: (name: string) => ask(url(name)),
      page: (name: string) => ask(url(name), { headers: NAVIGATION }),
      running: async () => {
        const up = await Promise.all(
          names.map(async (name) => ((await docker.inspect(name)).State.Running ? [name] : [])),
        );
        return up.flat();
      },
      pool: async () => {
        const { text } = await ask(`http://${wakegate.internal}/api/v1/pools`, { headers: wakegate.asAdmin });
        return (JSON.parse(text) as { pools: PoolFacts[] }).pools[0];
      },
      [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
    };
  }

  it("take turns: the second visit puts the idle one to sleep and wakes the other", async () => {
    await using s = await scene(["turn-a", "turn-b", "turn-c"]);
    expect(told(await s.visit("turn-a")).app).toBe("turn-a");
    expect(await s.running()).toEqual(["turn-a"]);
    expect(told(await s.visit("turn-b")).app).toBe("turn-b");
    expect(await s.running()).toEqual(["turn-b"]);
    expect(told(await s.visit("turn-a")).app).toBe("turn-a");
    expect(await s.running()).toEqual(["turn-a"]);
    expect(await s.pool()).toMatchObject({ name: "gpu", maxAwake: 1, awake: 1, waiting: [] });
    const { text } = await ask(`http://${s.wakegate.internal}/metrics`);
    expect(text).toContain('wakegate_pool_yields_total{pool="gpu"} 2');
    expect(text).toContain('wakegate_sleeps_total{target="turn-b",reason="room"} 1');
  });

  it("leave alone what is in use: who comes then waits on the page, and is served when it ends", async () => {
    await using s = await scene(["use-a", "use-b", "use-c"]);
    const socket = await openEchoSocket(s.url("use-a", "/socket"));
    await socket.echo("hello");
    const first = await s.page("use-b");
    expect(first).toMatchObject({ status: 503, headers: { "x-wakegate": "waking" } });
    expect(first.text).toContain("waits for room");
    expect((await s.page("use-c")).text).toContain("1 before you");
    // Longer than any look at it takes: it is looked at again and again, and found in use.
    await until("it was looked at and kept", () =>
      s.wakegate
        .log()
        .some(
          ({ event, target, msg }) => event === "last_look" && target === "use-a" && msg.endsWith("in use"),
        ),
    );
    await socket.echo("still here");
    expect(await s.running()).toEqual(["use-a"]);
    expect((await s.pool())?.waiting).toEqual(["use-b", "use-c"]);
    const served = s.visit("use-b");
    socket[Symbol.dispose]();
    await untilAsleep(s, "use-a", "stopped");
    await s.wakegate.until("target_ready", "use-b", 60_000);
    expect([200, 503]).toContain((await served).status);
    // The last one in the queue has its turn too, when the one before it is idle.
    await s.wakegate.until("target_ready", "use-c", 90_000);
    expect(await s.running()).toEqual(["use-c"]);
  });

  it("serve who asks for the one that just goes to sleep for another, in its turn", async () => {
    await using s = await scene(["swap-a", "swap-b"]);
    await s.visit("swap-a");
    const other = s.visit("swap-b");
    await s.wakegate.until("sleep_started", "swap-a");
    const again = s.visit("swap-a");
    expect(told(await other).app).toBe("swap-b");
    expect(told(await again).app).toBe("swap-a");
    expect(await s.running()).toEqual(["swap-a"]);
  });

  it("fail kindly when nobody can yield, with names for the operator only", async () => {
    await using s = await scene(
      ["full-a", "full-b"],
      ONE.replace("defaults: {", "defaults: { room_timeout: 3s,"),
    );
    using socket = await openEchoSocket(s.url("full-a", "/socket"));
    await socket.echo("hello");
    await s.page("full-b");
    const { msg } = await s.wakegate.until("wake_failed", "full-b");
    expect(msg).toContain("pool gpu has no room (1 of 1 awake): held by full-a");
    const page = await s.page("full-b");
    expect(page.text).toContain("There was no room for it");
    expect(page.text).not.toContain("full-a");
    expect(await s.running()).toEqual(["full-a"]);
  });

  it("are counted by what is awake, also by a Wakegate that was killed, and after a reload", async () => {
    await using s = await scene(["kill-a", "kill-b"]);
    using socket = await openEchoSocket(s.url("kill-a", "/socket"));
    await socket.echo("hello");
    await s.wakegate.kill();
    await s.wakegate.restart();
    await s.wakegate.until("target_ready", "kill-a");
    expect((await s.page("kill-b")).text).toContain("waits for room");
    expect(await s.running()).toEqual(["kill-a"]);
    await s.wakegate.configure(ONE.replace("max_awake: 1", "max_awake: 2"));
    await s.wakegate.until("target_ready", "kill-b");
    await socket.echo("still here");
    expect(await s.running()).toEqual(["kill-a", "kill-b"]);
  });
});
