import type { WakeRecord } from "../store/store.ts";

/** How many past wakes the estimates look at. */
const RECENT = 10;
/** From how many known wakes on the slowest one is worth telling. */
const ENOUGH_FOR_SLOWEST = 5;

/** What past wakes of one tier teach. Milliseconds; absent before the first good one. */
export interface Learned {
  readonly usuallyMs?: number;
  readonly p90Ms?: number;
  readonly slowestMs?: number;
  /** Median length of the last phase alone: from running to the first answer. */
  readonly probingMs?: number;
}

/** Estimates from the recent good wakes of the same kind: an unpause says nothing about a start. */
export function learn(wakes: readonly WakeRecord[], from: WakeRecord["from"]): Learned {
  const paused = from === "paused";
  const good = wakes
    .filter((wake) => wake.outcome === "ready" && (wake.from === "paused") === paused)
    .slice(-RECENT);
  if (good.length === 0) return {};
  // A wake that first had to wait for a shutdown, or for others, is no measure of a wake.
  const totals = good
    .map(({ totalMs, phases }) => totalMs - (phases.stopping ?? 0) - (phases.room ?? 0))
    .sort((a, b) => a - b);
  const probing = good.flatMap(({ phases }) => phases.probing ?? []).sort((a, b) => a - b);
  return {
    usuallyMs: quantile(totals, 0.5),
    p90Ms: quantile(totals, 0.9),
    ...(good.length >= ENOUGH_FOR_SLOWEST && { slowestMs: totals.at(-1) ?? 0 }),
    ...(probing.length > 0 && { probingMs: quantile(probing, 0.5) }),
  };
}

/** Nearest-rank quantile of ascending numbers. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
