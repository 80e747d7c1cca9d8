import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { startWakegate } from "../../test/e2e/support/wakegate.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startProxy, type RunningProxy } from "../../test/support/proxy-process.ts";
import { findBinary } from "../../test/support/require.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import type { Bench, Chart, Figure } from "../support/bench.ts";
import { builtMain } from "../support/built.ts";
import { cpuUs, residentBytes } from "../support/process-facts.ts";
import { median, rounded } from "../support/statistics.ts";

/** How much is done in each turn, and how many turns. */
interface Amounts {
  readonly rounds: number;
  readonly bytes: number;
  readonly pings: number;
  readonly connections: number;
  readonly idle: number;
}

const FULL: Amounts = { rounds: 9, bytes: 128 * 1024 ** 2, pings: 1_000, connections: 100, idle: 1_000 };
const BRIEF: Amounts = { rounds: 1, bytes: 8 * 1024 ** 2, pings: 50, connections: 10, idle: 20 };

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

/** What one way to the target did in one turn. */
interface Measured {
  readonly megabytesPerSecond: number;
  /** Of the process in the middle, all its threads; NaN where there is none. */
  readonly cpuMsPerGigabyte: number;
  /** Of a byte there and back, median. */
  readonly roundTripUs: number;
  /** Connect, one byte there and back, close; one after the other. */
  readonly connectionsPerSecond: number;
}

/** Wakegate's TCP listeners beside HAProxy in TCP mode and socat, in the same run on the same target, taking turns. */
export const stream: Bench = {
  name: "stream",
  summary: "TCP throughput, round trips and connections, against HAProxy and socat",
  async run({ brief, say }) {
    const amounts = brief ? BRIEF : FULL;
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
      await startWakegate({
        yaml: `targets: ${JSON.stringify(targets)}`,
        env: { WAKEGATE_LOG_LEVEL: "info" },
        program: [await builtMain()],
      }),
    );
    await roundTrips(own, 1);
    const config = join(folder.path, "haproxy.cfg");
    await writeFile(
      config,
      `defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n` +
        `listen l\n bind 127.0.0.1:${String(ha)}\n server s 127.0.0.1:${String(to)}\n`,
    );
    const haproxy = stack.use(await proxy(findBinary("haproxy") ?? "haproxy", ["-db", "-f", config], ha));
    const listen = `TCP-LISTEN:${String(so)},bind=127.0.0.1,fork,reuseaddr,nodelay`;
    stack.use(await proxy("socat", ["-t", "60", listen, `TCP:127.0.0.1:${String(to)},nodelay`], so));

    const ways: readonly Way[] = [
      { name: "straight", port: to },
      { name: "Wakegate", port: own, pid: wakegate.pid },
      { name: "HAProxy", port: ha, pid: haproxy.pid },
      { name: "socat", port: so },
    ];
    await measure({ name: "warm", port: own }, amounts);
    const rounds: Readonly<Record<string, Measured>>[] = [];
    for (let round = 0; round < amounts.rounds; round++) {
      const turn: Record<string, Measured> = {};
      for (const way of round % 2 === 0 ? ways : [...ways].reverse())
        turn[way.name] = await measure(way, amounts);
      rounds.push(turn);
    }
    say(`${String(rounds.length)} rounds`);
    const idleBytes = await idleCost(wakegate.pid, own, amounts.idle);
    return { figures: figuresOf(rounds, idleBytes), charts: [chartOf(rounds)], notes: NOTES };
  },
};

const NOTES = [
  "One target, reached straight, through Wakegate, through HAProxy in TCP mode and through socat, in turns. HAProxy may use as many threads as there are cores.",
];

/** One way to the target, and the process whose CPU time it costs. */
interface Way {
  readonly name: string;
  readonly port: number;
  readonly pid?: number;
}

function figuresOf(rounds: readonly Readonly<Record<string, Measured>>[], idleBytes: number): Figure[] {
  const all = (way: string, key: keyof Measured): number[] =>
    rounds.map((turn) => turn[way]?.[key] ?? Number.NaN);
  const ratio = (other: string, key: keyof Measured): number => {
    const others = all(other, key);
    return rounded(median(all("Wakegate", key).map((value, round) => value / (others[round] ?? Number.NaN))));
  };
  const told = (key: keyof Measured, what: string, unit: string): Figure[] =>
    Object.keys(rounds[0] ?? {}).map((way) => ({
      name: `${what}, ${way}`,
      value: rounded(median(all(way, key))),
      unit,
    }));
  return [
    {
      name: "Throughput of one stream, of HAProxy",
      value: ratio("HAProxy", "megabytesPerSecond"),
      unit: "x",
      budget: { atLeast: 0.85 },
    },
    { name: "Throughput of one stream, of socat", value: ratio("socat", "megabytesPerSecond"), unit: "x" },
    { name: "Round trip, of HAProxy", value: ratio("HAProxy", "roundTripUs"), unit: "x" },
    { name: "New connections, of HAProxy", value: ratio("HAProxy", "connectionsPerSecond"), unit: "x" },
    ...told("megabytesPerSecond", "Throughput", "MB/s"),
    ...told("roundTripUs", "Round trip", "us"),
    ...told("connectionsPerSecond", "New connections", "/s"),
    ...told("cpuMsPerGigabyte", "CPU per GB", "ms").filter(({ name }) => /Wakegate|HAProxy/.test(name)),
    { name: "Memory for each idle connection", value: rounded(idleBytes / 1024), unit: "KB" },
  ];
}

function chartOf(rounds: readonly Readonly<Record<string, Measured>>[]): Chart {
  const bars = Object.keys(rounds[0] ?? {}).map((label) => ({
    label,
    value: rounded(median(rounds.map((turn) => turn[label]?.megabytesPerSecond ?? Number.NaN))),
  }));
  return { title: "Throughput of one TCP stream", unit: "MB/s", bars };
}

async function measure({ port, pid }: Way, amounts: Amounts): Promise<Measured> {
  const before = pid === undefined ? Number.NaN : cpuUs(pid);
  const megabytesPerSecond = await throughput(port, amounts.bytes);
  const spent = pid === undefined ? Number.NaN : cpuUs(pid) - before;
  const times = await roundTrips(port, amounts.pings);
  return {
    megabytesPerSecond,
    cpuMsPerGigabyte: spent / 1_000 / (amounts.bytes / 1e9),
    roundTripUs: median(times) * 1_000,
    connectionsPerSecond: await connections(port, amounts.connections),
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

async function connections(port: number, count: number): Promise<number> {
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
async function throughput(port: number, bytes: number): Promise<number> {
  const socket = await open(port);
  const block = Buffer.alloc(256 * 1024, "s");
  const began = performance.now();
  for (let sent = 0; sent < bytes; sent += block.length) {
    if (!socket.write(block)) await once(socket, "drain");
  }
  socket.end();
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (Number(answer.toString()) !== bytes) throw new Error(`${answer.toString()} bytes arrived`);
  socket.destroy();
  return bytes / 1_000 / (performance.now() - began);
}

/** Bytes of memory for each connection that is open and silent. */
async function idleCost(pid: number, port: number, count: number): Promise<number> {
  const before = residentBytes(pid);
  const sockets = await Promise.all(Array.from({ length: count }, () => open(port)));
  for (const socket of sockets) {
    socket.write("p");
    await once(socket, "data");
  }
  await pause(1_000);
  const after = residentBytes(pid);
  for (const socket of sockets) socket.destroy();
  return (after - before) / count;
}

function proxy(program: string, args: readonly string[], port: number): Promise<RunningProxy> {
  return startProxy({ program, args, port, owns: { [Symbol.asyncDispose]: () => Promise.resolve() } });
}
