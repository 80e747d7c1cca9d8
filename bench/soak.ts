import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { inspect, parseArgs } from "node:util";
import { startWakegate, type RunningWakegate } from "../test/e2e/support/wakegate.ts";
import { tempFolder } from "../test/support/temp-folder.ts";
import { handlesOf, megabytes, timersOf, type Sample } from "./soak/figures.ts";
import { Gate } from "./soak/gate.ts";
import { visitAll } from "./soak/load.ts";
import { writePast } from "./soak/past.ts";
import { reportOf } from "./soak/report.ts";
import { Tally } from "./soak/tally.ts";
import { builtMain } from "./support/built.ts";
import { SoakWorld } from "./soak/world.ts";

const WEB_APPS = 170;
const TCP_APPS = 30;
/** This part of the run is warm-up. */
const WARM_UP = 0.25;
const SAMPLE_EVERY_MS = 5_000;
/** How long after the last visitor everything may take to be asleep and closed. */
const QUIET_WITHIN_MS = 360_000;
const PROBE = pathToFileURL(join(import.meta.dirname, "soak/probe.mjs")).href;

/**
 * Runs the real service, as a process of its own, with hundreds of targets on a simulated engine under mixed load:
 * requests of programs and browsers, pages, events, TCP sessions, sleeps and wakes, people who meddle, an engine that
 * cuts connections and goes away, reloads. It fails when memory grows, handles stay, or an answer has no explanation.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const options = {
    minutes: { type: "string", default: "60" },
    json: { type: "boolean", default: false },
    log: { type: "string" },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);

  await using folder = await tempFolder("soak");
  const samplesFile = join(folder.path, "samples");
  await writeFile(samplesFile, "");
  const procDir = join(folder.path, "proc");
  await mkdir(procDir);
  await using world = await SoakWorld.open(WEB_APPS, TCP_APPS);
  await using wakegate = await startOld(world, {
    WAKEGATE_LOG_LEVEL: "info",
    WAKEGATE_PROC_DIR: procDir,
    WAKEGATE_SOAK_SAMPLES: samplesFile,
    WAKEGATE_SOAK_EVERY_MS: String(SAMPLE_EVERY_MS),
    NODE_OPTIONS: `--import=${PROBE}`,
  });
  const read = (): Promise<Sample[]> => samplesOf(samplesFile);
  const baseline = await quietSample(read, Date.now(), undefined);

  const began = Date.now();
  const tally = new Tally();
  using gate = new Gate(wakegate);
  const end = new AbortController();
  let reloads = 0;
  const visits = visitAll(
    { world, gate, tally },
    async () => wakegate.configure(configuration(++reloads)),
    end.signal,
  );
  for (const until = began + minutes * 60_000; Date.now() < until;) {
    await pause(Math.min(60_000, until - Date.now()));
    const last = (await read()).at(-1);
    const [rss, heap] = [megabytes(last?.rss ?? 0), megabytes(last?.heapUsed ?? 0)];
    process.stderr.write(
      `${String(Math.round((Date.now() - began) / 60_000))} min: ${String(rss)} MB (heap ${String(heap)}), ${String(world.starts)} starts, ${String(tally.oddities.length)} oddities\n`,
    );
  }
  const loaded = Date.now();
  end.abort();
  await visits;
  gate[Symbol.dispose]();
  const quiet = await quietSample(read, Date.now(), baseline);

  const warm = began + (loaded - began) * WARM_UP;
  const report = {
    bench: "soak",
    ...reportOf({
      minutes,
      targets: world.apps.length,
      tally,
      starts: world.starts,
      stops: world.stops,
      reloads,
      stalls: world.pulse.stalls,
      all: await read(),
      samples: (await read()).filter(({ at }) => at >= warm && at <= loaded),
      baseline,
      end: quiet,
      log: wakegate.log(),
      states: await statesOf(wakegate),
    }),
  };
  if (values.log !== undefined) await writeFile(values.log, wakegate.log().map(asLine).join(""));
  // The last line is one JSON object; without --json it is spread over lines for people.
  process.stdout.write(`${values.json ? JSON.stringify(report) : inspect(report, { depth: 4 })}\n`);
  if (report.failures.length > 0) process.exitCode = 1;
}

function asLine(line: object): string {
  return `${JSON.stringify(line)}\n`;
}

/** How many targets are in which state. */
async function statesOf({ internal, asAdmin }: RunningWakegate): Promise<Record<string, number>> {
  const answer = await fetch(`http://${internal}/api/v1/debug`, { headers: asAdmin });
  const debug = (await answer.json()) as { targets: readonly { state: string }[] };
  const states: Record<string, number> = {};
  for (const { state } of debug.targets) states[state] = (states[state] ?? 0) + 1;
  return states;
}

/** A service with a long past. */
async function startOld(world: SoakWorld, env: Readonly<Record<string, string>>): Promise<RunningWakegate> {
  const socketPath = world.docker.url.slice("unix://".length);
  const wakegate = await startWakegate({
    socketPath,
    yaml: configuration(0),
    env,
    program: [await builtMain()],
  });
  await wakegate.kill();
  await writePast(
    join(wakegate.folder, "state"),
    world.apps.map(({ name }) => name),
  );
  await wakegate.restart();
  return wakegate;
}

/** Every reload changes something: how long targets stay awake, and a target that comes and goes. */
function configuration(version: number): string {
  const targets = version % 2 === 1 ? { guest: { process: { command: ["/bin/true"] }, port: 1 } } : {};
  return [
    "unknown_hosts: allow",
    `defaults: { idle_timeout: ${version % 3 === 0 ? "20s" : "15s"} }`,
    `targets: ${JSON.stringify(targets)}`,
  ].join("\n");
}

async function samplesOf(file: string): Promise<Sample[]> {
  const text = await readFile(file, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Sample);
}

function isAsQuiet(sample: Sample, goal: Sample): boolean {
  return handlesOf(sample) <= handlesOf(goal) && timersOf(sample) <= timersOf(goal);
}

/** The first thorough sample in which no more is open than there was, or the last one in time. */
async function quietSample(
  read: () => Promise<readonly Sample[]>,
  since: number,
  goal: Sample | undefined,
): Promise<Sample> {
  const giveUp = since + QUIET_WITHIN_MS;
  for (;;) {
    const thorough = (await read()).filter(({ at, objects }) => at > since && objects !== undefined);
    const quiet = goal ? thorough.find((sample) => isAsQuiet(sample, goal)) : thorough.at(-1);
    if (quiet) return quiet;
    const last = thorough.at(-1);
    if (last && Date.now() > giveUp) return last;
    await pause(1_000);
  }
}
