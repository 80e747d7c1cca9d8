import type { ScheduleSpec } from "../config/model/use.ts";
import type { TimeWindow } from "../config/values/time-window.ts";
import { civilOf, instantsOf, type CivilDay } from "./civil-time.ts";

/** A stretch of time, wall ms, the end not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** As people read it. */
  readonly rule: string;
}

/** What a schedule says at one moment. */
export interface ScheduleAt {
  /** Kept awake now, until `to`. */
  readonly awake?: Span;
  /** Requests do not wake it now, until `to`. */
  readonly noWake?: Span;
  /** True in a span for which it is woken: from its prewake, or through an occurrence of `every`. */
  readonly wakes: boolean;
  /** The next moment at which any of this changes; undefined: never. */
  readonly next?: number;
}

const DAY_MS = 86_400_000;
/** A window recurs within a week; one day more for those that reach over midnight. */
const DAYS_AHEAD = 8;

/** Pure. `zone` is used where the schedule names no time zone. */
export function scheduleAt(schedule: ScheduleSpec, at: number, zone: string): ScheduleAt {
  const timeZone = schedule.timeZone ?? zone;
  const awake = schedule.awake.flatMap((window) => spansOf(window, at, timeZone));
  const prewakeMs = schedule.prewakeMs;
  const waking =
    prewakeMs === undefined ? [] : awake.map((span) => ({ ...span, from: span.from - prewakeMs }));
  const every = recurring(schedule, at, timeZone);
  const keeping = [...(prewakeMs === undefined ? awake : waking), ...every];
  const noWake = schedule.noWake.flatMap((window) => spansOf(window, at, timeZone));
  const awakeNow = longest(keeping, at);
  const noWakeNow = longest(noWake, at);
  const edges = [...keeping, ...noWake].flatMap(({ from, to }) => [from, to]).filter((edge) => edge > at);
  return {
    ...(awakeNow && { awake: awakeNow }),
    ...(noWakeNow && { noWake: noWakeNow }),
    wakes: [...waking, ...every].some((span) => contains(span, at)),
    ...(edges.length > 0 && { next: Math.min(...edges) }),
  };
}

/** Where spans overlap or touch, they count as one: the end that people are told is the last of them. */
function longest(spans: readonly Span[], at: number): Span | undefined {
  let found = spans.find((span) => contains(span, at));
  for (;;) {
    const end = found?.to ?? 0;
    const longer = spans.find((span) => found && span.from <= end && span.to > end);
    if (!longer || !found) return found;
    found = { ...found, to: longer.to };
  }
}

function contains({ from, to }: Span, at: number): boolean {
  return from <= at && at < to;
}

/**
 * The window's spans from yesterday until it has recurred. One that begins in an hour which the clocks skip begins
 * when they have been put forward; of an hour that comes twice it takes the first beginning and the second end. So
 * each is one piece, once on each of its days. A window wholly inside the skipped hour starts at the change.
 */
function spansOf(window: TimeWindow, at: number, timeZone: string): readonly Span[] {
  const today = civilOf(at, timeZone);
  const spans: Span[] = [];
  for (let offset = -2; offset <= DAYS_AHEAD; offset++) {
    const day = plusDays(today, offset);
    if (!window.days.includes(new Date(Date.UTC(day.year, day.month - 1, day.day)).getUTCDay())) continue;
    const from = instantsOf(day, window.from, timeZone)[0];
    const shown = instantsOf(day, window.to, timeZone).at(-1);
    if (from === undefined || shown === undefined) continue;
    // Wholly inside the hour that is skipped: it starts at the change and keeps its length.
    const to = shown > from ? shown : from + (window.to - window.from) * 60_000;
    if (to > from) spans.push({ from, to, rule: window.text });
  }
  return spans;
}

/** Counted from local midnight where the interval divides a day, else from the epoch. */
function recurring({ every }: ScheduleSpec, at: number, timeZone: string): readonly Span[] {
  if (!every) return [];
  const { everyMs, forMs } = every;
  const rule = "every";
  if (DAY_MS % everyMs !== 0) {
    const first = Math.floor(at / everyMs) * everyMs;
    return [0, 1].map((n) => ({ from: first + n * everyMs, to: first + n * everyMs + forMs, rule }));
  }
  const starts = [-1, 0, 1].flatMap((offset) => {
    const day = plusDays(civilOf(at, timeZone), offset);
    return Array.from({ length: DAY_MS / everyMs }, (_, n) => (n * everyMs) / 60_000).flatMap((minutes) =>
      instantsOf(day, minutes, timeZone).slice(0, 1),
    );
  });
  return [...new Set(starts)].map((from) => ({ from, to: from + forMs, rule }));
}

function plusDays({ year, month, day }: CivilDay, days: number): CivilDay {
  const moved = new Date(Date.UTC(year, month - 1, day + days));
  return { year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() };
}
