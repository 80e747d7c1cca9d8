import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../test/support/free-port.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import type { Bench } from "../support/bench.ts";
import { builtMain } from "../support/built.ts";
import { startEngine } from "../support/engine.ts";
import { cpuUs, residentBytes } from "../support/process-facts.ts";
import { median, rounded } from "../support/statistics.ts";
import { verdictRequests } from "../verdict/requests.ts";

const TARGETS = 100;
const PROBE_EVERY_MS = 1;

/** From the start of the process to the first verdict. */
export const start: Bench = {
  name: "start",
  summary: "process start to the first verdict with 100 targets, against node doing nothing",
  async run({ brief, say }) {
    await using engine = await startEngine({ containers: TARGETS, running: 0 });
    await using folder = await tempFolder("bench-start");
    const port = await freePort();
    const config = join(folder.path, "wakegate.yaml");
    const lines = [
      `listen: 127.0.0.1:${String(port)}`,
      `public_listen: 127.0.0.1:${String(await freePort())}`,
      `state_dir: ${join(folder.path, "state")}`,
      `log: { format: json }`,
      `providers: { docker: { local: "unix://${engine.socketPath}" } }`,
    ];
    await writeFile(config, lines.join("\n"));
    const main = await builtMain();
    const [request = Buffer.alloc(0)] = verdictRequests(1);
    const rounds = brief ? 1 : 15;
    const bare: number[] = [];
    const ours: Started[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await bareStart());
      ours.push(await ownStart([main, "serve", "--config", config], port, request));
    }
    say(`${String(rounds)} starts each`);
    const first = median(ours.map(({ ms }) => ms));
    const ratios = ours.map(({ ms }, round) => ms / (bare[round] ?? Number.NaN));
    const mb = (bytes: number): number => rounded(bytes / 1024 ** 2);
    return {
      figures: [
        {
          name: "First verdict after the start, of bare `node -e 0`",
          value: rounded(median(ratios)),
          unit: "x",
          budget: { atMost: 5 },
        },
        { name: "First verdict after the start", value: rounded(first), unit: "ms" },
        { name: "CPU time up to it", value: rounded(median(ours.map(({ cpuMs }) => cpuMs))), unit: "ms" },
        { name: "Bare `node -e 0`", value: rounded(median(bare)), unit: "ms" },
        {
          name: "Resident memory at the first verdict",
          value: mb(median(ours.map(({ rss }) => rss))),
          unit: "MB",
        },
      ],
      charts: [
        {
          title: "Process start",
          unit: "ms",
          bars: [
            { label: "node -e 0", value: rounded(median(bare)) },
            { label: "Wakegate, first verdict", value: rounded(first) },
          ],
        },
      ],
      notes: [
        `Both in turn; the verdict is asked for every ${String(PROBE_EVERY_MS)} ms until it is there (a sleeping target: its wake begins). Compiled code, one Docker engine with ${String(TARGETS)} containers.`,
      ],
    };
  },
};

interface Started {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rss: number;
}

async function bareStart(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
  await once(child, "close");
  return performance.now() - began;
}

async function ownStart(args: readonly string[], port: number, request: Buffer): Promise<Started> {
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: "ignore",
    env: { ...process.env, NODE_ENV: "production" },
  });
  const ended = once(child, "close");
  const pid = child.pid ?? 0;
  try {
    while (!(await answers(port, request))) {
      if (child.exitCode !== null) throw new Error("Wakegate ended at once");
      await pause(PROBE_EVERY_MS);
    }
    return { ms: performance.now() - began, cpuMs: cpuUs(pid) / 1_000, rss: residentBytes(pid) };
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** True when a verdict came, whatever it says: 200, or a 503 of a target that sleeps. */
function answers(port: number, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(request));
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket
      .on("data", () => end(true))
      .on("error", () => end(false))
      .on("close", () => end(false));
  });
}
