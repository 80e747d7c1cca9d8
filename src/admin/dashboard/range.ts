import { dateFormat } from "../../lib/date-format.ts";
import { dayStart } from "../text.ts";

/** What the time axis of a page spans. Wall ms. */
export interface Range {
  readonly id: "24h" | "7d" | "30d";
  readonly from: number;
  /** Right end of the axis: the end of today, or now. */
  readonly to: number;
  readonly now: number;
  /** Where day or hour lines stand, with what is written beside them. */
  readonly ticks: readonly { readonly at: number; readonly label: string; readonly short: string }[];
  /** `7 days`, for sentences. */
  readonly words: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The ranges that one can choose. */
export const RANGES = [
  ["24h", "24 h"],
  ["7d", "7 d"],
  ["30d", "30 d"],
] as const;

/** The axis for a choice; anything unknown is 7 days. Whole days in the zone, today being the last. */
export function rangeOf(id: string | null, now: number, zone: string | undefined): Range {
  if (id === "24h") return last24Hours(now, zone);
  const days = id === "30d" ? 30 : 7;
  // Midnights found by going to noon first: days around a change of clocks are 23 or 25 hours long.
  const today = dayStart(now, zone);
  const midnight = (back: number): number => dayStart(today + DAY / 2 - back * DAY, zone);
  const from = midnight(days - 1);
  const to = midnight(-1);
  const all = Array.from({ length: days }, (_, i) => midnight(days - 1 - i));
  const shown = days === 7 ? all : all.filter((_, i) => (days - 1 - i) % 5 === 0);
  const form = (at: number): string =>
    dateFormat(days === 7 ? { weekday: "short" } : { day: "numeric", month: "short" }, zone).format(
      at + HOUR,
    );
  const ticks = shown.map((at) => {
    const label = at === today ? "Today" : form(at);
    return { at, label, short: days === 7 && at !== today ? label.slice(0, 1) : label };
  });
  return { id: days === 7 ? "7d" : "30d", from, to, now, ticks, words: `${String(days)} days` };
}

function last24Hours(now: number, zone: string | undefined): Range {
  const to = Math.ceil(now / HOUR) * HOUR;
  const from = to - DAY;
  const midnight = dayStart(now, zone);
  const ticks = [-18, -12, -6, 0, 6, 12, 18]
    .map((hours) => midnight + hours * HOUR)
    .filter((at) => at >= from && at < to - HOUR)
    .map((at) => {
      const hour = String((((at - midnight) / HOUR) % 24) + (at < midnight ? 24 : 0)).padStart(2, "0");
      return { at, label: `${hour}:00`, short: hour };
    });
  return { id: "24h", from, to, now, ticks, words: "24 hours" };
}

/** A moment's place on the axis, from 0 to `width`. */
export function placeOf({ from, to }: Range, at: number, width: number): number {
  return Math.max(0, Math.min(width, ((at - from) / (to - from)) * width));
}
