import { dateFormat, type DateForm } from "../lib/date-format.ts";

const DAY_MS = 86_400_000;

/** `22:00` today, `Mon 07:00` within a week, else `12 Nov 07:00`. Local time of the machine unless told otherwise. */
export function dayTime(at: number, now: number, timeZone?: string): string {
  const text = (moment: number, form: DateForm): string => dateFormat(form, timeZone).format(moment);
  const hours = text(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = (moment: number): string => text(moment, { dateStyle: "short" });
  if (day(at) === day(now)) return hours;
  if (Math.abs(at - now) < 6 * DAY_MS) return `${text(at, { weekday: "short" })} ${hours}`;
  return `${text(at, { day: "numeric", month: "short" })} ${hours}`;
}

/** `12 s`, `4 min`, `1 h 9 min`, `2 d 17 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min`;
  if (minutes < 1_440) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function two(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return `${String(big)} ${bigUnit}${small > 0 ? ` ${String(small)} ${smallUnit}` : ""}`;
}
