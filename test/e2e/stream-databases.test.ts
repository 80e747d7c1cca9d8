import { expect, it, vi } from "vitest";
import { suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { postgres, psql } from "./support/postgres.ts";
import { redis, redisCommand } from "./support/redis.ts";
import { stage } from "./support/sleepers.ts";

vi.setConfig({ testTimeout: 120_000 });

suite("postgres", "PostgreSQL behind the shim", () => {
  it("is woken by psql, is not cut in a long transaction, and sleeps afterwards", async () => {
    await using temp = await tempFolder("postgres");
    const pg = await postgres(temp.path);
    await using scene = await stage(temp.path, {
      pg: { ...pg, keys: { ...pg.keys, idle_timeout: "1500ms" } },
    });
    const ask = (sql: string) => psql(scene.at("pg"), sql);
    expect(await scene.starts("pg")).toBe(0);
    expect(await ask("create table t (n int); insert into t values (42)")).toMatchObject({ code: 0 });
    const long = await ask("begin; insert into t values (43); select pg_sleep(5); commit");
    expect(long).toMatchObject({ code: 0, err: "" });
    expect([scene.sleeps("pg"), await scene.starts("pg")]).toEqual([0, 1]);
    await vi.waitUntil(() => scene.sleeps("pg") === 1, { timeout: 30_000 });
    expect((await ask("select sum(n) from t")).out).toBe("85\n");
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
