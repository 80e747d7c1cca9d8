import { join } from "node:path";
import { freePort } from "../../support/free-port.ts";
import { findBinary } from "../../support/require.ts";
import { run } from "./run.ts";
import type { Sleeper } from "./sleepers.ts";

/** A MariaDB that keeps its data in a folder; `root` has no password. @throws Error when it cannot be made. */
export async function mysql(folder: string, options: readonly string[] = []): Promise<Sleeper> {
  const data = join(folder, "data");
  const user = process.getuid?.() === 0 ? ["--user=root"] : [];
  const own = ["--no-defaults", `--datadir=${data}`, ...user];
  const plain = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
  const { code, err } = await run("mariadb-install-db", [...own, ...plain]);
  if (code !== 0) throw new Error(`mariadb-install-db: ${err}`);
  const port = await freePort();
  const where = [`--port=${String(port)}`, "--bind-address=127.0.0.1", `--socket=${join(folder, "socket")}`];
  return {
    command: [findBinary("mysql") ?? "", ...own, ...where, `--pid-file=${join(folder, "pid")}`, ...options],
    port,
  };
}

/** Runs the `mariadb` client with one command, to its end. */
export function mariadb(port: number, sql: string): ReturnType<typeof run> {
  return run("mariadb", ["--no-defaults", "-h", "127.0.0.1", "-P", String(port), "-u", "root", "-Ne", sql]);
}
