import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { freePort } from "../support/free-port.ts";
import { findBinary, suite } from "../support/require.ts";
import { startProxy } from "../support/proxy-process.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { mariadb, mysql } from "./support/mysql.ts";
import { stage } from "./support/sleepers.ts";

vi.setConfig({ testTimeout: 120_000 });

suite("mysql", "MariaDB behind the shim", () => {
  it("is woken by a client that waits for its greeting, is not cut in a long silence, and sleeps afterwards", async () => {
    await using temp = await tempFolder("mysql");
    const log = join(temp.path, "db.err");
    const db = await mysql(temp.path, [`--log-error=${log}`]);
    await using scene = await stage(temp.path, { db: { ...db, keys: { preset: "mysql" } } });
    const ask = (sql: string) => mariadb(scene.at("db"), sql);
    expect(await scene.starts("db")).toBe(0);
    const made = "create database shop; create table shop.t (n int); insert into shop.t values (42)";
    expect(await ask(made)).toMatchObject({ code: 0, err: "" });
    // Silent for three seconds, and its idle time is one.
    const long = "use shop; start transaction; insert into t values (43); do sleep(3); commit";
    expect(await ask(long)).toMatchObject({ code: 0, err: "" });
    expect([scene.sleeps("db"), await scene.starts("db")]).toEqual([0, 1]);
    await vi.waitUntil(() => scene.sleeps("db") === 1, { timeout: 30_000 });
    expect(await ask("select sum(n) from shop.t")).toMatchObject({ out: "85\n", err: "" });
    expect(await scene.starts("db")).toBe(2);
    // Who leaves so is counted, and refused after a hundred times; its own clients come from the same address.
    expect(await readFile(log, "utf8")).not.toContain("without authentication");
  });
});

suite(["mysql", "socat"], "MariaDB that reads the PROXY protocol", () => {
  it("is told who the client is", async () => {
    await using temp = await tempFolder("mysql");
    const users = join(temp.path, "users.sql");
    await writeFile(users, "create user if not exists root@'127.0.0.77';\n");
    const db = await mysql(temp.path, ["--proxy-protocol-networks=127.0.0.1", `--init-file=${users}`]);
    await using scene = await stage(temp.path, { db: { ...db, keys: { stream: { send_proxy: "v2" } } } });
    const port = await freePort();
    const from = `TCP-LISTEN:${String(port)},bind=127.0.0.1,fork,reuseaddr`;
    await using _client = await startProxy({
      program: findBinary("socat") ?? "",
      args: [from, `TCP:127.0.0.1:${String(scene.at("db"))},bind=127.0.0.77`],
      port,
      owns: { [Symbol.asyncDispose]: () => Promise.resolve() },
    });
    expect(await mariadb(port, "select user()")).toMatchObject({ out: "root@127.0.0.77\n", err: "" });
    expect(await scene.starts("db")).toBe(1);
  });
});
