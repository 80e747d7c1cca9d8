import { chmod, chown } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { redis, redisCommand } from "./support/redis.ts";
import { run } from "./support/run.ts";
import { stage } from "./support/sleepers.ts";

vi.setConfig({ testTimeout: 120_000 });

suite("postgres", "PostgreSQL behind the shim", () => {
  it("is woken by psql, is not cut in a long transaction, and sleeps afterwards", async () => {
    await using temp = await tempFolder("postgres");
    const bin = dirname(findBinary("postgres") ?? "");
    const data = join(temp.path, "data");
    // PostgreSQL refuses to run as root.
    const root = process.getuid?.() === 0;
    const [uid, gid] = root
      ? await Promise.all(["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"])).out)))
      : [0, 0];
    const owner = root
      ? ["setpriv", `--reuid=${String(uid)}`, `--regid=${String(gid)}`, "--clear-groups"]
      : [];
    await chmod(temp.path, 0o755);
    if (root) await chown(temp.path, uid ?? 0, gid ?? 0);
    const made = [...owner, join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N"];
    const { code, err } = await run(made[0] ?? "", made.slice(1));
    expect(err + String(code)).toMatch(/0$/);
    const port = await freePort();
    await using scene = await stage(temp.path, {
      pg: {
        command: [
          ...owner,
          join(bin, "postgres"),
          "-D",
          data,
          "-p",
          String(port),
          "-k",
          temp.path,
          "-c",
          "listen_addresses=127.0.0.1",
        ],
        port,
        keys: { readiness: { kind: "postgres" }, stop_signal: "SIGINT", idle_timeout: "1500ms" },
      },
    });
    const psql = (sql: string) =>
      run("psql", ["-h", "127.0.0.1", "-p", String(scene.at("pg")), "-U", "postgres", "-Atc", sql]);
    expect(await scene.starts("pg")).toBe(0);
    expect(await psql("create table t (n int); insert into t values (42)")).toMatchObject({ code: 0 });
    const long = await psql("begin; insert into t values (43); select pg_sleep(5); commit");
    expect(long).toMatchObject({ code: 0, err: "" });
    expect([scene.sleeps("pg"), await scene.starts("pg")]).toEqual([0, 1]);
    await vi.waitUntil(() => scene.sleeps("pg") === 1, { timeout: 30_000 });
    expect((await psql("select sum(n) from t")).out).toBe("85\n");
    expect(await scene.starts("pg")).toBe(2);
  });
});

suite("redis", "Redis behind the shim", () => {
  it("keeps its word through sleep, and the listener stays open", async () => {
    await using temp = await tempFolder("redis");
    await using scene = await stage(temp.path, { cache: await redis(temp.path) });
    const port = scene.at("cache");
    expect(await redisCommand(port, "SET greeting hello")).toBe("+OK");
    await vi.waitUntil(() => scene.sleeps("cache") === 1, { timeout: 30_000 });
    expect(await redisCommand(port, "GET greeting")).toBe("$5\r\nhello");
    expect(await scene.starts("cache")).toBe(2);
  });

  it("makes one start of a thousand connections", async () => {
    await using temp = await tempFolder("redis");
    await using scene = await stage(temp.path, { cache: await redis(temp.path, "sleep 2;") });
    const port = scene.at("cache");
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => redisCommand(port, `ECHO ${String(n)}`)),
    );
    expect(answers.every((answer, n) => answer.endsWith(`\r\n${String(n)}`))).toBe(true);
    expect(await scene.starts("cache")).toBe(1);
  });
});
