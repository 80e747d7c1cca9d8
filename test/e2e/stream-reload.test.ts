import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { openPsql, postgres, psql } from "./support/postgres.ts";
import { redis, redisCommand } from "./support/redis.ts";
import { stage } from "./support/sleepers.ts";
import { eventually, isOpen } from "./support/visit.ts";

vi.setConfig({ testTimeout: 120_000 });

suite(["postgres", "redis"], "a configuration that changes below open connections", () => {
  /** A database that is up, and a cache that comes up only when `open` says so. */
  async function scenery(folder: string) {
    const gate = join(folder, "gate");
    const scene = await stage(folder, {
      pg: await postgres(folder),
      cache: await redis(folder, `until [ -e ${gate} ]; do sleep 0.1; done;`),
      // A configuration with nothing to wake would be refused.
      bystander: { command: ["false"], port: await freePort() },
    });
    const at = scene.at("pg");
    return { scene, open: () => writeFile(gate, ""), at, session: openPsql(at) };
  }
  /** How a connection attempt ends: `open`, or the error's code. */
  async function knock(port: number): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    const failed = once(socket, "error").then(([error]) => (error as NodeJS.ErrnoException).code ?? "");
    const ended = await Promise.race([once(socket, "connect").then(() => "open"), failed]).catch(String);
    socket.destroy();
    return ended;
  }

  it("goes on with a session, serves a held client, and refuses nobody meanwhile", async () => {
    await using temp = await tempFolder("reload");
    const { scene, open, at, session } = await scenery(temp.path);
    await using _scene = scene;
    await using _session = session;
    const backend = await session.ask("select pg_backend_pid()");
    expect(Number(backend)).toBeGreaterThan(0);
    const held = redisCommand(scene.at("cache"), "ECHO hello");
    await scene.wakegate.until("wake_started", "cache");
    const reload = scene.edit({
      pg: { idle_timeout: "900ms" },
      cache: { idle_timeout: "900ms", wake_timeout: "2m" },
    });
    const knocks = new Set<string>();
    do knocks.add(await knock(at));
    while (await isOpen(reload));
    await reload;
    expect([...knocks]).toEqual(["open"]);
    expect(await isOpen(held)).toBe(true);
    expect(await session.ask("select pg_backend_pid()")).toBe(backend);
    await open();
    expect(await held).toBe("$5\r\nhello");
    // The cache's idle time is the database's, and the session was silent for longer.
    await vi.waitUntil(() => scene.sleeps("cache") === 1, { timeout: 30_000 });
    expect(await session.ask("select pg_backend_pid()")).toBe(backend);
    expect([scene.sleeps("pg"), await scene.starts("pg"), await scene.starts("cache")]).toEqual([0, 1, 1]);
    await session[Symbol.asyncDispose]();
    await vi.waitUntil(() => scene.sleeps("pg") === 1, { timeout: 30_000 });
  });

  it("moves a listener: the old one closes, its session goes on and keeps the target awake", async () => {
    await using temp = await tempFolder("reload");
    const { scene, at, session } = await scenery(temp.path);
    await using _scene = scene;
    await using _session = session;
    const backend = await session.ask("select pg_backend_pid()");
    const [was, is, port] = [scene.at("cache"), await freePort(), await freePort()];
    const held = redisCommand(was, "ECHO hello").catch((error: NodeJS.ErrnoException) => error.code);
    await scene.wakegate.until("wake_started", "cache");
    const listen = (where: number) => ({ tcp: [{ listen: `127.0.0.1:${String(where)}` }] });
    await scene.edit({ pg: listen(port), cache: listen(is) });
    expect(await held).toBe("ECONNRESET");
    expect(
      scene.wakegate.log().find(({ event, target }) => event === "stream_refused" && target === "cache")?.msg,
    ).toMatch(/refused: this listener is not configured any more$/);
    expect([await knock(at), await knock(was)]).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
    expect((await psql(port, "select 1")).out).toBe("1\n");
    // Longer than the idle time.
    expect(await session.ask("select pg_sleep(2)")).toBe("");
    expect(await session.ask("select pg_backend_pid()")).toBe(backend);
    expect([scene.sleeps("pg"), await scene.starts("pg")]).toEqual([0, 1]);
    // Back again, below a session that began there before.
    await scene.edit({ pg: listen(at) });
    expect((await psql(at, "select 1")).out).toBe("1\n");
    expect(await session.ask("select pg_backend_pid()")).toBe(backend);
    await session[Symbol.asyncDispose]();
    await vi.waitUntil(() => scene.sleeps("pg") === 1, { timeout: 30_000 });
  });

  it("takes targets away: their sessions go on, who waits is told", async () => {
    await using temp = await tempFolder("reload");
    const { scene, at, session } = await scenery(temp.path);
    await using _scene = scene;
    await using _session = session;
    const backend = await session.ask("select pg_backend_pid()");
    const held = redisCommand(scene.at("cache"), "ECHO hello").catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    await scene.wakegate.until("wake_started", "cache");
    await scene.edit({ pg: undefined, cache: undefined });
    expect(await held).toBe("ECONNRESET");
    await eventually("the listeners' end", async () => (await knock(at)) === "ECONNREFUSED");
    expect(await session.ask("select pg_sleep(2)")).toBe("");
    expect(await session.ask("select pg_backend_pid()")).toBe(backend);
    // A target again: that its old session is still there is seen before it would be put to sleep.
    await scene.edit({ pg: {} });
    await eventually("the look at it", () =>
      scene.wakegate.log().find(({ event, inUse }) => event === "last_look" && inUse === true),
    );
    expect(await session.ask("select pg_backend_pid()")).toBe(backend);
    await session[Symbol.asyncDispose]();
    await vi.waitUntil(() => scene.sleeps("pg") === 1, { timeout: 30_000 });
    expect((await psql(at, "select 1")).out).toBe("1\n");
    expect(await scene.starts("pg")).toBe(2);
  });
});
