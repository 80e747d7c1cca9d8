import type { LogLine } from "../../test/e2e/support/wakegate.ts";
import { handlesOf, megabytes, quantile, slopePerHour, timersOf, type Sample } from "./figures.ts";
import type { Oddity, Tally } from "./tally.ts";

/** The most that the resident set may grow, MB for each hour. */
const RSS_SLOPE_LIMIT = 1;
/** Runs shorter than this tell no slope: the allocator has not settled. */
const SLOPE_TELLS_FROM_MINUTES = 30;
/** What a quiet service may have more than at its baseline: a probe of its engine, a write under way. */
const HANDLE_SLACK = 2;

/** A service that waited for a core in more than this part of the time was not the one to be late. */
const STARVED = 0.5;
const LATE_LOOKS_BACK_MS = 60_000;
const KEPT_EXAMPLES = 20;

/** What a soak was. */
export interface Run {
  readonly minutes: number;
  readonly targets: number;
  readonly tally: Tally;
  readonly starts: number;
  readonly stops: number;
  readonly reloads: number;
  /** How often the machine itself stood still. */
  readonly stalls: number;
  /** Of the whole run. */
  readonly all: readonly Sample[];
  /** Under load, after the warm-up. */
  readonly samples: readonly Sample[];
  /** All asleep, nobody there: before the load, and after it. */
  readonly baseline: Sample;
  readonly end: Sample;
  readonly log: readonly LogLine[];
  /** At the end: how many targets in which state. */
  readonly states: Readonly<Record<string, number>>;
}

/** The figures of the run, and what of it was not as it must be. */
export function reportOf(run: Run): { readonly failures: readonly string[] } & Record<string, unknown> {
  const { samples, tally, baseline, end } = run;
  const points = (read: (sample: Sample) => number, of = samples): [number, number][] =>
    of.map((sample) => [sample.at, read(sample)]);
  const collected = samples.filter(({ objects }) => objects !== undefined);
  const rssSlope = megabytes(slopePerHour(points(({ rss }) => rss)));
  const heapSlope = megabytes(slopePerHour(points(({ heapUsed }) => heapUsed, collected)));
  const failures: string[] = [];
  const excused = tally.oddities.filter((oddity) => oddity.late && wasStarved(run.all, oddity.at));
  const unexpected = tally.oddities.filter((oddity) => !excused.includes(oddity));
  if (unexpected.length > 0) failures.push(`${String(unexpected.length)} unexpected answers`);
  if (run.minutes >= SLOPE_TELLS_FROM_MINUTES && rssSlope >= RSS_SLOPE_LIMIT)
    failures.push(`the resident set grows by ${String(rssSlope)} MB/h`);
  if (handlesOf(end) > handlesOf(baseline) + HANDLE_SLACK)
    failures.push(`${String(handlesOf(end))} handles, ${String(handlesOf(baseline))} before the load`);
  if (end.processListeners > baseline.processListeners) failures.push("listeners of the process were left");
  const warnings = end.warnings.filter((warning) => !warning.includes("queryObjects"));
  if (warnings.length > 0) failures.push(`Node warns: ${warnings.join("; ")}`);
  if (timersOf(end) > timersOf(baseline) + HANDLE_SLACK)
    failures.push(`${String(timersOf(end))} timers, ${String(timersOf(baseline))} before the load`);
  return {
    minutes: run.minutes,
    targets: run.targets,
    answers: tally.done,
    unexpected: unexpected.length,
    lateWithoutCore: excused.length,
    starvedPart:
      round(
        quantile(
          samples.map(({ starved }) => starved * 100),
          0.5,
        ),
      ) / 100,
    examples: [...unexpected, ...excused.slice(0, 3)].slice(0, KEPT_EXAMPLES).map(asText),
    stalls: run.stalls,
    engineStarts: run.starts,
    engineStops: run.stops,
    reloads: run.reloads,
    rssMb: {
      baseline: megabytes(baseline.rss),
      ...spread(samples.map(({ rss }) => megabytes(rss))),
      slopePerHour: rssSlope,
    },
    heapAfterCollectionMb: {
      ...spread(collected.map(({ heapUsed }) => megabytes(heapUsed))),
      slopePerHour: heapSlope,
    },
    handles: {
      baseline: handlesOf(baseline),
      end: handlesOf(end),
      most: Math.max(...samples.map(handlesOf)),
    },
    timers: { baseline: timersOf(baseline), end: timersOf(end), most: Math.max(...samples.map(timersOf)) },
    resources: { baseline: baseline.resources, end: end.resources },
    objects: { baseline: baseline.objects, end: end.objects },
    fds: { baseline: baseline.fds, end: end.fds },
    processListeners: { baseline: baseline.processListeners, end: end.processListeners },
    loopDelayMs: {
      p50: round(
        quantile(
          samples.map(({ loop }) => loop.p50Ms),
          0.5,
        ),
      ),
      p99: round(
        quantile(
          samples.map(({ loop }) => loop.p99Ms),
          0.5,
        ),
      ),
      max: round(Math.max(...samples.map(({ loop }) => loop.maxMs))),
    },
    statesAtEnd: run.states,
    warningsInLog: warningsOf(run.log),
    failures,
  };
}

function asText({ at, kind, why }: Oddity): string {
  return `${new Date(at).toISOString()} ${kind}: ${why}`;
}

/** Whether other programs had the machine in the time before: the deadlines of holds and probes ran all the same. */
function wasStarved(samples: readonly Sample[], at: number): boolean {
  const near = samples.filter(
    (sample) => sample.at > at - LATE_LOOKS_BACK_MS && sample.at < at + LATE_LOOKS_BACK_MS / 2,
  );
  return near.some(({ starved }) => starved > STARVED);
}

function spread(values: readonly number[]): Record<string, number> {
  return {
    first: values[0] ?? 0,
    median: quantile(values, 0.5),
    most: Math.max(...values),
    last: values.at(-1) ?? 0,
  };
}

/** How often each was said, and what the first one said. */
function warningsOf(log: readonly LogLine[]): Record<string, { count: number; first: string }> {
  const found: Record<string, { count: number; first: string }> = {};
  for (const { event, level, msg } of log) {
    if (level !== "warn" && level !== "error") continue;
    found[event] = { count: (found[event]?.count ?? 0) + 1, first: found[event]?.first ?? msg };
  }
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
