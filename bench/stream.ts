import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { AsyncStack } from "../src/lib/disposables.ts";
import { startWakegate } from "../test/e2e/support/wakegate.ts";
import { freePort } from "../test/support/free-port.ts";
import { startProxy, type RunningProxy } from "../test/support/proxy-process.ts";
import { findBinary } from "../test/support/require.ts";
import { tempFolder } from "../test/support/temp-folder.ts";

const ROUNDS = 3;
const BYTES = 512 * 1024 ** 2;
const PINGS = 4_000;
const IDLE = 1_000;

/** Answers each byte until it hears "s"; then it only counts, and tells how many there were at the end. */
const TARGET = `
require("node:fs").writeFileSync(process.argv[2], String(process.pid));
require("node:net").createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  let sink = false, count = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    sink ||= data[0] === 115;
    count += data.length;
    if (!sink) socket.write(data);
  });
  socket.on("end", () => socket.end(sink ? String(count) : ""));
}).listen(Number(process.argv[1]), "127.0.0.1");`;

/** What one way to the target can do. */
interface Figures {
  readonly megabytesPerSecond: number;
  /** Of a byte there and back, median and 99th percentile, in microseconds. */
  readonly roundTripUs: number;
  readonly roundTripP99Us: number;
  /** Connect, one byte there and back, close; for each second, one after the other. */
  readonly connectionsPerSecond: number;
}

/**
 * Wakegate's TCP listeners beside HAProxy in TCP mode and socat, in the same run on the same target, taking turns. The
 * best of each round counts, as other work on the machine only ever makes things slower.
 */
export async function bench(args: readonly string[]): Promise<void> {
  await using folder = await tempFolder("bench");
  const [to, own, ha, so] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const pidFile = join(folder.path, "pid");
  const targets = {
    echo: {
      process: { command: [process.execPath, "-e", TARGET, String(to), pidFile] },
      tcp: [{ listen: `127.0.0.1:${String(own)}`, port: to }],
      idle_timeout: "never",
    },
  };
  const stack = new AsyncStack();
  await using _stack = stack;
  // It outlives Wakegate.
  stack.defer(async () => process.kill(-Number(await readFile(pidFile, "utf8")), "SIGKILL"));
  const wakegate = stack.use(
    await startWakegate({ yaml: `targets: ${JSON.stringify(targets)}`, env: { WAKEGATE_LOG_LEVEL: "info" } }),
  );
  await roundTrips(own, 1);
  const config = join(folder.path, "haproxy.cfg");
  await writeFile(
    config,
    `defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n` +
      `listen l\n bind 127.0.0.1:${String(ha)}\n server s 127.0.0.1:${String(to)}\n`,
  );
  await using _haproxy = await proxy(findBinary("haproxy") ?? "haproxy", ["-db", "-f", config], ha);
  const listen = `TCP-LISTEN:${String(so)},bind=127.0.0.1,fork,reuseaddr,nodelay`;
  await using _socat = await proxy("socat", ["-t", "60", listen, `TCP:127.0.0.1:${String(to)},nodelay`], so);

  const ways = { direct: to, wakegate: own, haproxy: ha, socat: so };
  const best: Record<string, Figures> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, port] of Object.entries(ways)) best[way] = better(best[way], await measure(port));
  }
  const bytesPerIdleConnection = await idleCost(wakegate.pid, own);
  const ratios = Object.fromEntries(
    ["haproxy", "socat"].map((other) => [`wakegate/${other}`, ratio(best["wakegate"], best[other])]),
  );
  const report = { bench: "stream", ...best, ratios, bytesPerIdleConnection };
  // The last line is one JSON object; without --json it is spread over lines for people.
  process.stdout.write(
    `${args.includes("--json") ? JSON.stringify(report) : inspect(report, { depth: 4 })}\n`,
  );
}

async function measure(port: number): Promise<Figures> {
  const times = await roundTrips(port, PINGS);
  times.sort((a, b) => a - b);
  const at = (part: number): number => Math.round((times[Math.floor(times.length * part)] ?? 0) * 1_000);
  return {
    megabytesPerSecond: Math.round(await throughput(port)),
    roundTripUs: at(0.5),
    roundTripP99Us: at(0.99),
    connectionsPerSecond: Math.round(await connections(port)),
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  return socket;
}

/** Milliseconds of each. */
async function roundTrips(port: number, count: number): Promise<number[]> {
  const socket = await open(port);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    socket.write("p");
    await once(socket, "data");
    times.push(performance.now() - began);
  }
  socket.destroy();
  return times;
}

async function connections(port: number): Promise<number> {
  const count = 300;
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    const socket = await open(port);
    socket.write("p");
    await once(socket, "data");
    socket.destroy();
  }
  return (count * 1_000) / (performance.now() - began);
}

/** Megabytes (10^6) for each second. */
async function throughput(port: number): Promise<number> {
  const socket = await open(port);
  const block = Buffer.alloc(256 * 1024, "s");
  const began = performance.now();
  for (let sent = 0; sent < BYTES; sent += block.length) {
    if (!socket.write(block)) await once(socket, "drain");
  }
  socket.end();
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (Number(answer.toString()) !== BYTES) throw new Error(`${answer.toString()} bytes arrived`);
  socket.destroy();
  return BYTES / 1_000 / (performance.now() - began);
}

async function idleCost(pid: number, port: number): Promise<number> {
  const before = await residentBytes(pid);
  const sockets = await Promise.all(Array.from({ length: IDLE }, () => open(port)));
  for (const socket of sockets) {
    socket.write("p");
    await once(socket, "data");
  }
  await pause(1_000);
  const after = await residentBytes(pid);
  for (const socket of sockets) socket.destroy();
  return Math.round((after - before) / IDLE);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

function better(a: Figures | undefined, b: Figures): Figures {
  if (!a) return b;
  return {
    megabytesPerSecond: Math.max(a.megabytesPerSecond, b.megabytesPerSecond),
    roundTripUs: Math.min(a.roundTripUs, b.roundTripUs),
    roundTripP99Us: Math.min(a.roundTripP99Us, b.roundTripP99Us),
    connectionsPerSecond: Math.max(a.connectionsPerSecond, b.connectionsPerSecond),
  };
}

function ratio(a: Figures | undefined, b: Figures | undefined): Record<string, number> {
  const part = (key: keyof Figures): number => Math.round(((a?.[key] ?? 0) / (b?.[key] ?? 1)) * 100) / 100;
  return {
    megabytesPerSecond: part("megabytesPerSecond"),
    roundTripUs: part("roundTripUs"),
    roundTripP99Us: part("roundTripP99Us"),
    connectionsPerSecond: part("connectionsPerSecond"),
  };
}

function proxy(program: string, args: readonly string[], port: number): Promise<RunningProxy> {
  return startProxy({ program, args, port, owns: { [Symbol.asyncDispose]: () => Promise.resolve() } });
}
