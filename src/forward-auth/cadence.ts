/** How steadily something comes. Plain numbers, so that thousands of them are cheap. */
export interface Cadence {
  /** Monotonic ms of the first request of the current tick; what follows at once belongs to it. */
  last: number;
  /** Mean interval of the run so far; 0 before the second tick. */
  meanMs: number;
  /** Intervals in a row that kept the rhythm. */
  kept: number;
  /** Monotonic ms of the run's first tick. */
  since: number;
}

/** Requests this close together are one tick: a page or dashboard asks the same path several times at once. */
const SAME_TICK_MS = 1000;
const SHORTEST_MS = 2000;
const LONGEST_MS = 3_600_000;
/** Six requests have five intervals. */
const ENOUGH_KEPT = 5;
/** Timers drift, networks jitter; people differ by far more than a tenth, five times in a row. */
const TOLERANCE = 0.1;
const LEAST_TOLERANCE_MS = 250;
/** A known poller may miss this many ticks in a row (a lost packet, a lid closed for a moment). */
const MAY_MISS = 2;
/** Weight of the newest interval in the mean is at least one in this many. */
const MEMORY = 8;

/** A cadence that begins with this request. */
export function startCadence(monotonic: number): Cadence {
  return { last: monotonic, meanMs: 0, kept: 0, since: monotonic };
}

/** Whether enough intervals in a row kept the rhythm. */
export function isSteady(cadence: Cadence): boolean {
  return cadence.kept >= ENOUGH_KEPT;
}

/** Notes one more request. Whatever breaks the rhythm begins a new run, so it is no steady one from there on. */
export function tick(cadence: Cadence, monotonic: number): void {
  const interval = monotonic - cadence.last;
  if (interval < SAME_TICK_MS) return;
  cadence.last = monotonic;
  const { meanMs } = cadence;
  if (meanMs > 0 && fits(interval, meanMs)) {
    cadence.kept += 1;
    cadence.meanMs += (interval - meanMs) / Math.min(cadence.kept, MEMORY);
    return;
  }
  if (isSteady(cadence) && missedSome(interval, meanMs)) return;
  const inRange = interval >= SHORTEST_MS && interval <= LONGEST_MS;
  cadence.meanMs = inRange ? interval : 0;
  cadence.kept = inRange ? 1 : 0;
  cadence.since = inRange ? monotonic - interval : monotonic;
}

function fits(interval: number, meanMs: number): boolean {
  return Math.abs(interval - meanMs) <= Math.max(LEAST_TOLERANCE_MS, meanMs * TOLERANCE);
}

function missedSome(interval: number, meanMs: number): boolean {
  const ticks = Math.round(interval / meanMs);
  return ticks >= 2 && ticks <= 1 + MAY_MISS && fits(interval / ticks, meanMs);
}
