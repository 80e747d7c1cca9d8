import { spawn } from "node:child_process";
import { chmod, chown } from "node:fs/promises";
import { dirname, join } from "node:path";
import { once } from "node:events";
import { freePort } from "../../support/free-port.ts";
import { findBinary } from "../../support/require.ts";
import { run } from "./run.ts";
import type { Sleeper } from "./sleepers.ts";

/** Files of a new database, and who may serve them. */
export interface Cluster {
  readonly program: string;
  readonly data: string;
  /** PostgreSQL refuses to run as root; undefined where the tests do not. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** What has to come before a command so that it runs as the owner. */
  readonly as: readonly string[];
}

/** Makes a database in `folder` into which anybody comes as `postgres`. @throws Error when it cannot be made. */
export async function newCluster(folder: string): Promise<Cluster> {
  const bin = dirname(findBinary("postgres") ?? "");
  const data = join(folder, "data");
  const owner = process.getuid?.() === 0 ? await postgresUser() : undefined;
  await chmod(folder, 0o755);
  if (owner) await chown(folder, owner.uid, owner.gid);
  const as = owner
    ? ["setpriv", `--reuid=${String(owner.uid)}`, `--regid=${String(owner.gid)}`, "--clear-groups"]
    : [];
  const [program, ...args] = [...as, join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N"];
  const { code, err } = await run(program, args);
  if (code !== 0) throw new Error(`initdb: ${err}`);
  return { program: join(bin, "postgres"), data, as, ...(owner && { owner }) };
}

/** A PostgreSQL that keeps its data in a folder. */
export async function postgres(folder: string): Promise<Sleeper> {
  const { program, data, as } = await newCluster(folder);
  const port = await freePort();
  const options = ["-D", data, "-p", String(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"];
  return {
    command: [...as, program, ...options],
    port,
    keys: { readiness: { kind: "postgres" }, stop_signal: "SIGINT" },
  };
}

/** Runs `psql` with one command, to its end. */
export function psql(port: number, sql: string): ReturnType<typeof run> {
  return run("psql", [...whereTo(port), "-Atc", sql]);
}

/** A `psql` that stays. */
export interface PsqlSession extends AsyncDisposable {
  /** Resolves to the answer's lines. @throws Error with psql's words when the session is over. */
  ask(sql: string): Promise<string>;
}

/** Opens a session that is there until disposed. */
export function openPsql(port: number): PsqlSession {
  const child = spawn("psql", [...whereTo(port), "-At", "-v", "ON_ERROR_STOP=1"]);
  let [out, err, asked] = ["", "", 0];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.on("error", () => undefined);
  const closed = once(child, "close");
  return {
    async ask(sql) {
      asked += 1;
      const mark = `end of ${String(asked)}\n`;
      out = "";
      child.stdin.write(`${sql};\n\\echo ${mark}`);
      while (!out.endsWith(mark)) {
        await Promise.race([once(child.stdout, "data"), closed]);
        if (child.exitCode !== null && !out.endsWith(mark)) throw new Error(`psql has ended: ${err}`);
      }
      return out.slice(0, -mark.length).trim();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}

function whereTo(port: number): readonly string[] {
  return ["-X", "-h", "127.0.0.1", "-p", String(port), "-U", "postgres"];
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const [uid = 0, gid = 0] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"])).out)),
  );
  return { uid, gid };
}
