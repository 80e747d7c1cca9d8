import type { TargetFacts } from "../facts/target-facts.ts";
import { placeOf, type Range } from "./range.ts";
import { awakeMs, knownSince, unrecordedMs } from "./parts/timeline.ts";

/** What all targets together come to in a range. */
export interface FleetFigures {
  readonly total: number;
  readonly awakeNow: number;
  readonly unknown: number;
  readonly asleepMs: number;
  /** Byte-hours that sleeping targets did not hold, and whether some are not in it. */
  readonly memoryByteHours: number;
  readonly memoryPartial: boolean;
  readonly wakes: number;
  readonly failed: number;
  readonly usualMs?: number;
}

/** The figures of the head. Pure. */
export function fleetFigures(all: readonly TargetFacts[], range: Range): FleetFigures {
  let asleepMs = 0;
  let memoryByteHours = 0;
  let memoryPartial = false;
  const totals: number[] = [];
  let wakes = 0;
  let failed = 0;
  for (const facts of all) {
    const since = knownSince(facts, range);
    const known = range.now - since - unrecordedMs(facts, since, range);
    const slept = Math.max(0, known - awakeMs(facts, range));
    asleepMs += slept;
    if (facts.memoryBytes === undefined) memoryPartial ||= slept > 0;
    else memoryByteHours += (facts.memoryBytes * slept) / 3_600_000;
    for (const { at, outcome, totalMs } of facts.wakes) {
      if (at < range.from) continue;
      wakes++;
      if (outcome === "failed") failed++;
      else totals.push(totalMs);
    }
  }
  totals.sort((a, b) => a - b);
  const usualMs = totals[Math.ceil(totals.length / 2) - 1];
  return {
    total: all.length,
    awakeNow: all.filter(({ state }) => state === "awake").length,
    unknown: all.filter(({ state }) => state === "unknown").length,
    asleepMs,
    memoryByteHours,
    memoryPartial,
    wakes,
    failed,
    ...(usualMs !== undefined && { usualMs }),
  };
}

/**
 * The most targets that were awake at once in each step of the axis, up to now. Steps are hours, longer where
 * they would be narrower than a pixel and a half.
 */
export function fleetSteps(all: readonly TargetFacts[], range: Range, width: number): readonly number[] {
  const steps = Math.min(Math.floor(width / 1.5), Math.round((range.to - range.from) / 3_600_000));
  const length = (range.to - range.from) / steps;
  const shown = Math.ceil((range.now - range.from) / length);
  const changes = all
    .flatMap(({ awake }) =>
      awake.flatMap(({ from, to = range.now }) =>
        to <= range.from || from >= range.now
          ? []
          : [
              [Math.max(from, range.from), 1] as const,
              // What ends at the moment at which another begins was not awake together with it.
              [Math.min(to, range.now), -1] as const,
            ],
      ),
    )
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const most: number[] = [];
  let count = 0;
  let next = 0;
  for (let i = 0; i < shown; i++) {
    const end = range.from + (i + 1) * length;
    let highest = count;
    for (let change = changes[next]; change && change[0] < end; change = changes[++next]) {
      count += change[1];
      highest = Math.max(highest, count);
    }
    most.push(highest);
  }
  return most;
}

/** The outline of the steps, standing on `height`. */
export function stepPath(
  steps: readonly number[],
  range: Range,
  size: { readonly width: number; readonly height: number; readonly total: number },
): string {
  const { width, height, total } = size;
  const count = Math.min(Math.floor(width / 1.5), Math.round((range.to - range.from) / 3_600_000));
  const now = placeOf(range, range.now, width);
  const parts = steps.map((most, i) => {
    const y = height - (total === 0 ? 0 : (most / total) * height);
    return `V${y.toFixed(1)}H${Math.min(now, ((i + 1) * width) / count).toFixed(1)}`;
  });
  return `M0 ${String(height)}${parts.join("")}V${String(height)}Z`;
}
