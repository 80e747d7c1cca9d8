import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it, vi } from "vitest";
import { suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { redis, redisCommand } from "./support/redis.ts";
import { stage } from "./support/sleepers.ts";
import { eventually } from "./support/visit.ts";

vi.setConfig({ testTimeout: 120_000 });

const SCANS = 20;

suite("redis", "port scans of a Redis", () => {
  async function knock(port: number): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  }
  /** Knocks and goes, in good order or not. */
  async function scan(port: number): Promise<void> {
    for (let n = 0; n < SCANS; n++) {
      const socket = await knock(port);
      if (n % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
  /** Connections that Redis itself has seen so far, this one included. */
  async function seen(port: number): Promise<number> {
    const answer = await redisCommand(port, "INFO stats");
    return Number(/total_connections_received:(\d+)/.exec(answer)?.[1]);
  }

  it("wake nothing, do not reach it, and do not keep it awake under first_bytes", async () => {
    await using temp = await tempFolder("redis");
    const cache = await redis(temp.path);
    const keys = { ...cache.keys, stream: { wake_on: "first_bytes" }, idle_timeout: "2s" };
    await using scene = await stage(temp.path, { cache: { ...cache, keys } });
    const { internal } = scene.wakegate;
    const port = scene.at("cache");
    /** Client sockets that are open at the shim. */
    const open = async (): Promise<number> => {
      const text = await (await fetch(`http://${internal}/metrics`)).text();
      return Number(/^wakegate_shim_sessions (\d+)$/m.exec(text)?.[1]);
    };
    await scan(port);
    const silent = await Promise.all(Array.from({ length: SCANS }, () => knock(port)));
    // Those that went left nothing; those that stay are all that there is.
    await eventually("the end of the scans", async () => (await open()) === SCANS);
    expect([
      await scene.starts("cache"),
      scene.wakegate.log().some((l) => l.event === "wake_started"),
    ]).toEqual([0, false]);
    const before = await seen(port);
    await scan(port);
    expect(await seen(port)).toBe(before + 1);
    await vi.waitUntil(() => scene.sleeps("cache") === 1, { timeout: 30_000 });
    await scan(port);
    await eventually("the end of the scans", async () => (await open()) === SCANS);
    // The silent ones are still there, and one of them has something to say now.
    const [late] = silent;
    late?.end("PING\r\n");
    let heard = "";
    for await (const chunk of late ?? []) heard += String(chunk);
    expect(heard).toBe("+PONG\r\n");
    expect(await scene.starts("cache")).toBe(2);
    for (const socket of silent) socket.destroy();
    await eventually("their end", async () => (await open()) === 0);
  });

  it.each(["goes", "stays and is silent"])("wake it under connect: one that %s", async (what) => {
    await using temp = await tempFolder("redis");
    await using scene = await stage(temp.path, { cache: await redis(temp.path) });
    const socket = await knock(scene.at("cache"));
    if (what === "goes") socket.end();
    await scene.wakegate.until("target_ready", "cache");
    if (what !== "goes") {
      await scene.wakegate.until("stream_woken", "cache");
      expect(scene.sleeps("cache")).toBe(0);
    }
    socket.destroy();
    await vi.waitUntil(() => scene.sleeps("cache") === 1, { timeout: 30_000 });
    expect(await scene.starts("cache")).toBe(1);
  });
});
