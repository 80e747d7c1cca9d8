import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFile, chmod, chown, readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { expect, it, vi } from "vitest";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { freePort } from "../support/free-port.ts";
import { startProxy } from "../support/proxy-process.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { run } from "./support/run.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

vi.setConfig({ testTimeout: 120_000 });

/** A local program behind a listener of Wakegate. */
interface Sleeper {
  /** Written down with its process id at every start. */
  readonly command: readonly string[];
  readonly port: number;
  /** More keys of the target. */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** Where Wakegate listens for it; own ones by default. */
  readonly listen?: number;
  readonly forward?: Readonly<Record<string, unknown>>;
}

interface Scene extends AsyncDisposable {
  readonly wakegate: RunningWakegate;
  /** Wakegate's port for a target. */
  at(target: string): number;
  /** How often a target was started. */
  starts(target: string): Promise<number>;
  /** How often it went to sleep; the first look at a target that never ran does not count. */
  sleeps(target: string): number;
}

/** `wakegate serve` with process targets, and nothing left of them afterwards. */
async function stage(folder: string, sleepers: Readonly<Record<string, Sleeper>>): Promise<Scene> {
  const stack = new AsyncStack();
  const ports = new Map<string, number>();
  const targets: Record<string, unknown> = {};
  const log = (name: string): string => join(folder, `${name}.starts`);
  const started = async (name: string): Promise<number[]> =>
    (await readFile(log(name), "utf8")).trim().split("\n").filter(Boolean).map(Number);
  for (const [name, { command, port, keys, listen, forward }] of Object.entries(sleepers)) {
    const at = listen ?? (await freePort());
    ports.set(name, at);
    await appendFile(log(name), "");
    targets[name] = {
      process: { command: ["sh", "-c", 'echo $$ >> "$0"; exec "$@"', log(name), ...command] },
      tcp: [{ listen: `127.0.0.1:${String(at)}`, port, ...forward }],
      port,
      idle_timeout: "1s",
      ...keys,
    };
  }
  // Targets outlive Wakegate; this comes after its end.
  stack.defer(async () => {
    for (const name of Object.keys(sleepers)) for (const pid of await started(name)) end(pid);
  });
  // JSON is YAML.
  const wakegate = stack.use(await startWakegate({ yaml: `targets: ${JSON.stringify(targets)}` }));
  return {
    wakegate,
    at: (target) => ports.get(target) ?? 0,
    starts: async (target) => (await started(target)).length,
    sleeps: (name) =>
      wakegate.log().filter(({ event, target, msg }) => {
        return event === "target_asleep" && target === name && !msg.endsWith("(created)");
      }).length,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function end(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It sleeps.
  }
}

async function redis(folder: string, before = ""): Promise<Sleeper> {
  const port = await freePort();
  const options = `--port ${String(port)} --bind 127.0.0.1 --save '' --appendonly yes --dir ${folder}`;
  return {
    command: ["sh", "-c", `${before} exec ${findBinary("redis") ?? ""} ${options}`],
    port,
    keys: { readiness: { kind: "redis" } },
  };
}

/** One command of the Redis protocol, sent as a line, and the first line of the answer. */
async function redisCommand(port: number, line: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
  socket.write(`${line}\r\n`);
  while (!heard.endsWith("\r\n")) await once(socket, "data");
  socket.end();
  await once(socket, "end");
  return heard.trim();
}

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

suite("socat", "Any program behind the shim", () => {
  const serve = async (command: string, keys = {}): Promise<Sleeper> => {
    const port = await freePort();
    const where = `TCP-LISTEN:${String(port)},bind=127.0.0.1,fork,reuseaddr`;
    return { command: ["socat", "-t", "90", where, `EXEC:${command}`], port, keys: { ...keys } };
  };
  /** Random bytes over and over, as many as asked for, and told what they were. */
  const flow = (bytes: number): { readonly stream: Readable; sum(): string } => {
    const block = randomBytes(1024 * 1024);
    const hash = createHash("sha256");
    const stream = Readable.from(
      (function* () {
        for (let n = 0; n < bytes / block.length; n++) {
          block.writeUInt32BE(n, 0);
          const part = Buffer.from(block);
          hash.update(part);
          yield part;
        }
      })(),
    );
    return { stream, sum: () => hash.digest("hex") };
  };

  it("keeps a half-close through the wake: the checksum comes after the end", async () => {
    await using temp = await tempFolder("socat");
    await using scene = await stage(temp.path, { sum: await serve("sha256sum") });
    const to = `TCP:127.0.0.1:${String(scene.at("sum"))}`;
    const ran = await run("socat", ["-t", "60", "-", to], "all that I have");
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toBe(`${createHash("sha256").update("all that I have").digest("hex")}  -\n`);
  });

  it("carries a gigabyte up, and 256 MB both ways at once, unchanged", async () => {
    await using temp = await tempFolder("socat");
    await using scene = await stage(temp.path, { sum: await serve("sha256sum"), back: await serve("cat") });
    const up = flow(1024 ** 3);
    const socket = connect({ port: scene.at("sum"), host: "127.0.0.1", allowHalfOpen: true });
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
    up.stream.pipe(socket);
    await once(socket, "end");
    expect(answer).toBe(`${up.sum()}  -\n`);
    const both = flow(256 * 1024 ** 2);
    const echoed = createHash("sha256");
    const echo = connect({ port: scene.at("back"), host: "127.0.0.1", allowHalfOpen: true });
    echo.on("data", (data: Buffer) => void echoed.update(data));
    both.stream.pipe(echo);
    await once(echo, "end");
    expect(echoed.digest("hex")).toBe(both.sum());
  });

  it("leads TLS clients by name to two targets on one listener, untouched", async () => {
    await using temp = await tempFolder("tls");
    const listen = await freePort();
    const site = async (name: string): Promise<Sleeper> => {
      const [key, cert] = [join(temp.path, `${name}.key`), join(temp.path, `${name}.pem`)];
      const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const files = ["-keyout", key, "-out", cert, "-subj", `/CN=${name}.example.com`, "-days", "2"];
      expect((await run("openssl", [...made, ...files])).code).toBe(0);
      const port = await freePort();
      return {
        command: [
          "openssl",
          "s_server",
          "-accept",
          `127.0.0.1:${String(port)}`,
          "-cert",
          cert,
          "-key",
          key,
          "-www",
        ],
        port,
        listen,
        forward: { protocol: "tls", names: [`${name}.example.com`] },
      };
    };
    await using scene = await stage(temp.path, { one: await site("one"), two: await site("two") });
    const ask = async (name: string): Promise<string> => {
      const to = ["-connect", `127.0.0.1:${String(listen)}`, "-servername", name];
      return (await run("openssl", ["s_client", ...to])).out;
    };
    expect(await ask("one.example.com")).toMatch(/subject=CN ?= ?one\.example\.com/);
    expect(await scene.starts("two")).toBe(0);
    expect(await ask("two.example.com")).toMatch(/subject=CN ?= ?two\.example\.com/);
    expect(await ask("three.example.com")).toMatch(/no peer certificate available/);
  });
});

suite("haproxy", "HAProxy before and behind the shim", () => {
  it("hands the client's address on by PROXY protocol, both versions", async () => {
    await using temp = await tempFolder("haproxy");
    const haproxy = findBinary("haproxy") ?? "";
    const head = "defaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n";
    const [inside, front] = [await freePort(), await freePort()];
    const behind = join(temp.path, "behind.cfg");
    await writeFile(
      behind,
      `${head}frontend f\n  mode http\n  bind 127.0.0.1:${String(inside)} accept-proxy\n` +
        `  http-request return status 200 content-type text/plain lf-string "%ci to %fp"\n`,
    );
    for (const [inward, outward] of [
      ["send-proxy", "v2"],
      ["send-proxy-v2", "v1"],
    ]) {
      await using scene = await stage(temp.path, {
        web: {
          command: [haproxy, "-db", "-f", behind],
          port: inside,
          keys: { readiness: { kind: "tcp" }, stream: { accept_proxy: ["loopback"], send_proxy: outward } },
        },
      });
      const config = join(temp.path, "front.cfg");
      await writeFile(
        config,
        `${head}listen f\n  mode tcp\n  bind 127.0.0.1:${String(front)}\n` +
          `  server wakegate 127.0.0.1:${String(scene.at("web"))} ${inward ?? ""}\n`,
      );
      await using _proxy = await startProxy({
        program: haproxy,
        args: ["-db", "-f", config],
        port: front,
        owns: { [Symbol.asyncDispose]: () => Promise.resolve() },
      });
      const request = get({ port: front, host: "127.0.0.1", localAddress: "127.0.0.77", agent: false });
      const [response] = (await once(request, "response")) as [Readable];
      let text = "";
      for await (const part of response) text += String(part);
      expect(text).toBe(`127.0.0.77 to ${String(front)}`);
    }
  });
});
