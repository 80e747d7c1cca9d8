import { inUnits } from "../../templates/live.js";
import { dateFormat, type DateForm } from "../lib/date-format.ts";
import type { Words } from "../../templates/live.js";

/** Units and words of the operator's texts. */
export const WORDS: Words = {
  units: ["d", "h", "min", "s"],
  spoken: [
    ["day", "days"],
    ["hour", "hours"],
    ["minute", "minutes"],
    ["second", "seconds"],
  ],
  today: "{time}",
  yesterday: "yesterday {time}",
  locale: "en-GB",
};

const NARROW = "\u202f";
const SPACE = "\u00a0";

/** A span that runs: whole seconds, two units at most. */
export function spell(ms: number): string {
  return inUnits(Math.max(0, Math.round(ms / 1_000)), WORDS.units);
}

/** A span that is over: 84 ms, 2.1 s, 31 s, 1 min 5 s. */
export function finished(ms: number): string {
  if (ms < 99.5) return `${String(Math.max(0, Math.round(ms)))}${SPACE}ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)}${SPACE}s`;
  return spell(ms);
}

/** "a", "a, b", "a, b and 3 more". */
export function listNames(names: readonly string[]): string {
  const [first = "", second, ...more] = names;
  if (second === undefined) return first;
  return more.length === 0 ? `${first}, ${second}` : `${first}, ${second} and ${String(more.length)} more`;
}

/** Whole numbers in groups of three. */
export function count(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, NARROW);
}

/** "1 target", "3 targets". */
export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** Decimal units: 512 MB, 1.4 GB. */
export function bytes(value: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let left = value;
  let unit = 0;
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1_000;
    unit += 1;
  }
  const text = left < 9.95 && unit > 0 ? left.toFixed(1) : String(Math.round(left));
  return `${text}${SPACE}${units[unit] ?? ""}`;
}

/** A clock's time in a time zone: 14:32. Default zone: this process's. */
export function clockTime(at: number, zone?: string, seconds = false): string {
  const form: DateForm = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return dateFormat(seconds ? { ...form, second: "2-digit" } : form, zone).format(at);
}

/** A moment for people: `14:32` today, `Sat 17:52` within 7 days, `3 Nov`, `3 Nov 2025`. */
export function momentText(at: number, now: number, zone?: string): string {
  const days = Math.round((dayStart(at, zone) - dayStart(now, zone)) / 86_400_000);
  if (days === 0) return clockTime(at, zone);
  const text = (form: DateForm): string => dateFormat(form, zone).format(at);
  if (Math.abs(days) < 7) return `${text({ weekday: "short" })} ${clockTime(at, zone)}`;
  const sameYear = yearOf(at, zone) === yearOf(now, zone);
  return text({ day: "numeric", month: "short", ...(!sameYear && { year: "numeric" }) });
}

/** Wall ms of the midnight that began the day of a moment, in a zone. */
export function dayStart(at: number, zone?: string): number {
  const form: DateForm = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const parts = dateFormat(form, zone).formatToParts(at);
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const since = ((value("hour") * 60 + value("minute")) * 60 + value("second")) * 1_000 + (at % 1_000);
  return at - since;
}

function yearOf(at: number, zone?: string): string {
  return dateFormat({ year: "numeric" }, zone).format(at);
}
