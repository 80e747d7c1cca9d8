import { setTimeout as pause } from "node:timers/promises";
import { startWakegate, type RunningWakegate } from "../../test/e2e/support/wakegate.ts";
import type { Bench, Figure } from "../support/bench.ts";
import { builtMain } from "../support/built.ts";
import { hostOf, startEngine, type EngineProcess } from "../support/engine.ts";
import { metric, until } from "../support/metrics.ts";
import { cpuUs, residentBytes } from "../support/process-facts.ts";
import { rounded } from "../support/statistics.ts";

const MB = 1024 ** 2;

/** Thousands of sleeping targets: what they cost while nothing happens, and what each event costs. */
export const scale: Bench = {
  name: "scale",
  summary: "10,000 sleeping targets: start, memory, calls and CPU at rest, events, a gap, a reload",
  async run({ brief, say }) {
    const targets = brief ? 200 : 10_000;
    const restMs = brief ? 1_500 : 60_000;
    const labelled = await withLabels(targets, restMs, brief ? 20 : 500, say);
    const reload = await withFile(targets, say);
    return {
      figures: [...labelled, ...reload],
      charts: [],
      notes: [
        `${String(targets)} labelled containers on a simulated engine in a process of its own; the real Docker provider talks to it over a unix socket.`,
        `CPU at rest over ${String(restMs / 1_000)} s, after as long in which Node may collect what the start left behind. Resident memory is what is held after that.`,
      ],
    };
  },
};

async function withLabels(
  targets: number,
  restMs: number,
  events: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  await using engine = await startEngine({ containers: targets, running: 0 });
  const began = performance.now();
  await using wakegate = await startWakegate({
    socketPath: engine.socketPath,
    env: { WAKEGATE_LOG_LEVEL: "info" },
    program: [await builtMain()],
  });
  const startMs = performance.now() - began;
  const startCpuMs = cpuUs(wakegate.pid) / 1_000;
  say(`listed after ${String(Math.round(startMs))} ms`);
  await settled(wakegate);
  const rssAtStart = residentBytes(wakegate.pid);
  const lists = await calls(engine, "GET /containers/json");
  const first = await atRest(engine, wakegate, restMs);
  const rss = residentBytes(wakegate.pid);
  const rest = await atRest(engine, wakegate, restMs);
  say("rested");
  const event = await costOfEvents(engine, wakegate, events);
  const gap = await costOfGap(engine, wakegate);
  const after = residentBytes(wakegate.pid);
  return [
    { name: "Listing calls at the start", value: lists, unit: "calls", budget: { atMost: 1 } },
    { name: "Resident memory, all asleep", value: rounded(rss / MB), unit: "MB", budget: { atMost: 150 } },
    { name: "Resident memory right after the start", value: rounded(rssAtStart / MB), unit: "MB" },
    {
      name: "Engine calls at rest",
      value: first.calls + rest.calls,
      unit: "calls",
      budget: { atMost: 0 },
      note: "over one event stream that stays open",
    },
    {
      name: "CPU at rest, of one core",
      value: rounded(rest.cpuShare * 100),
      unit: "%",
      budget: { atMost: 0.1 },
    },
    {
      name: "CPU of the time before that, in which Node may collect",
      value: rounded(first.cpuShare * 100),
      unit: "%",
    },
    { name: "Process start until all are known", value: rounded(startMs), unit: "ms" },
    { name: "CPU time of that", value: rounded(startCpuMs), unit: "ms" },
    { name: "CPU time for a container's start and stop", value: rounded(event), unit: "us" },
    { name: "CPU time of a resync after a gap", value: rounded(gap), unit: "ms" },
    { name: "Resident memory after all this", value: rounded(after / MB), unit: "MB" },
  ];
}

async function withFile(targets: number, say: (text: string) => void): Promise<Figure[]> {
  await using engine = await startEngine({ containers: targets, running: 0, labels: { enable: "false" } });
  const file = (idle: string): string =>
    `targets:\n${Array.from({ length: targets }, (_, index) => `  t${String(index)}: { docker: { container: app-${String(index)} }, hosts: [${hostOf(index)}], idle_timeout: ${idle} }`).join("\n")}\n`;
  await using wakegate = await startWakegate({
    socketPath: engine.socketPath,
    env: { WAKEGATE_LOG_LEVEL: "info" },
    program: [await builtMain()],
    yaml: file("15m"),
  });
  await settled(wakegate);
  const before = cpuUs(wakegate.pid);
  const began = performance.now();
  await wakegate.configure(file("20m"));
  await wakegate.until("reloaded", undefined, 120_000);
  const ms = performance.now() - began;
  say("reloaded");
  return [
    {
      name: `Reload of a file with ${targets.toLocaleString("en")} changed targets`,
      value: rounded(ms),
      unit: "ms",
    },
    { name: "CPU time of that", value: rounded((cpuUs(wakegate.pid) - before) / 1_000), unit: "ms" },
  ];
}

/** Until the start is over: the state is written, nothing is left to compile. */
async function settled(wakegate: RunningWakegate): Promise<void> {
  let before = cpuUs(wakegate.pid);
  await until("Wakegate is at rest", async () => {
    await pause(1_000);
    const now = cpuUs(wakegate.pid);
    const quiet = now - before < 5_000;
    before = now;
    return quiet;
  });
}

async function calls(engine: EngineProcess, call?: string): Promise<number> {
  const { calls: counts } = await engine.order({ kind: "calls" });
  if (call !== undefined) return counts[call] ?? 0;
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function atRest(
  engine: EngineProcess,
  wakegate: RunningWakegate,
  ms: number,
): Promise<{ readonly calls: number; readonly cpuShare: number }> {
  await engine.order({ kind: "forget-calls" });
  const before = cpuUs(wakegate.pid);
  const began = performance.now();
  await pause(ms);
  const us = cpuUs(wakegate.pid) - before;
  return { calls: await calls(engine), cpuShare: us / 1_000 / (performance.now() - began) };
}

/** Microseconds of CPU for one container that is started and stopped by somebody else, two inspections included. */
async function costOfEvents(
  engine: EngineProcess,
  wakegate: RunningWakegate,
  count: number,
): Promise<number> {
  await engine.order({ kind: "forget-calls" });
  const before = cpuUs(wakegate.pid);
  for (let index = 0; index < count; index++) {
    await engine.order({ kind: "become", index, status: "paused", action: "pause" });
    await engine.order({ kind: "become", index, status: "exited", action: "die" });
  }
  await settled(wakegate);
  return (cpuUs(wakegate.pid) - before) / count;
}

/** Milliseconds of CPU until everything is known again. */
async function costOfGap(engine: EngineProcess, wakegate: RunningWakegate): Promise<number> {
  await engine.order({ kind: "forget-calls" });
  const before = cpuUs(wakegate.pid);
  await engine.order({ kind: "gap" });
  await until("it lists again", async () => (await calls(engine, "GET /containers/json")) > 0);
  await settled(wakegate);
  if ((await metric(wakegate, "wakegate_engine_up")) !== 1) throw new Error("the engine is not up");
  return (cpuUs(wakegate.pid) - before) / 1_000;
}
