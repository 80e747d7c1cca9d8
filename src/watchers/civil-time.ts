import { dateFormat, type DateForm } from "../lib/date-format.ts";

/** A day of the calendar; months from 1. */
export interface CivilDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const NUMBERS: DateForm = {
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
};

/** The day that it is somewhere. */
export function civilOf(at: number, timeZone: string): CivilDay {
  const local = new Date(at + offsetAt(at, timeZone));
  return { year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate() };
}

/**
 * The moments (wall ms) at which clocks show this many minutes after midnight of the day; minutes beyond 1440 are on
 * the next day. Two where an hour comes twice. Where it is skipped: the one moment at which clocks are put forward.
 */
export function instantsOf(day: CivilDay, minutes: number, timeZone: string): readonly number[] {
  const local = Date.UTC(day.year, day.month - 1, day.day) + minutes * 60_000;
  // Offsets change by at most a day (date line), so both sides of any change nearby are among these.
  const offsets = new Set([-86_400_000, 0, 86_400_000].map((shift) => offsetAt(local + shift, timeZone)));
  const found = [...offsets]
    .map((offset) => local - offset)
    .filter((at) => at + offsetAt(at, timeZone) === local)
    .sort((a, b) => a - b);
  if (found.length > 0) return found;
  return [changeBetween(local - Math.max(...offsets), local - Math.min(...offsets), timeZone)];
}

/** Milliseconds that local time is ahead of UTC. */
export function offsetAt(at: number, timeZone: string): number {
  const parts = dateFormat(NUMBERS, timeZone).formatToParts(at);
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const local = Date.UTC(
    value("year"),
    value("month") - 1,
    value("day"),
    value("hour") % 24,
    value("minute"),
    value("second"),
  );
  return local - Math.floor(at / 1_000) * 1_000;
}

/** The first moment after `from`, up to `to`, at which another offset holds. */
function changeBetween(from: number, to: number, timeZone: string): number {
  const before = offsetAt(from, timeZone);
  let low = from;
  let high = to;
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (offsetAt(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return high;
}
