import { bad, good, type Parsed } from "./parsed.ts";

/** Hours of some days of the week, in local time. */
export interface TimeWindow {
  /** 0 is Sunday. Ascending, not empty: the days on which it begins. */
  readonly days: readonly number[];
  /** Minutes after midnight, 0 to 1439. */
  readonly from: number;
  /** Minutes after midnight of the same day; beyond 1440 it ends on the next day. Always above `from`. */
  readonly to: number;
  /** As people read it: `Mon to Fri, 08:00 to 18:00`. */
  readonly text: string;
}

const NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const TITLES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const DAY_MINUTES = 1_440;
const WANTED = "expected windows such as Mon-Fri 08:00-18:00, 22:00-06:00 or Sat,Sun, with ; between several";

/** Reads `Mon-Fri 08:00-18:00; Sat,Sun`: days, hours or both; an end at or before its beginning is on the next day. */
export function parseTimeWindows(text: string): Parsed<readonly TimeWindow[]> {
  const windows: TimeWindow[] = [];
  for (const part of text.split(";")) {
    const window = readWindow(part.trim());
    if (!window) return bad(WANTED);
    windows.push(window);
  }
  return good(windows);
}

function readWindow(part: string): TimeWindow | undefined {
  const match = /^([a-z]{3,9}(?:\s*[-,]\s*[a-z]{3,9})*)?\s*(?:(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2}))?$/i.exec(
    part,
  );
  if (!match || part === "") return undefined;
  const days = match[1] === undefined ? [0, 1, 2, 3, 4, 5, 6] : readDays(match[1]);
  const from = match[2] === undefined ? 0 : readTime(match[2]);
  const end = match[3] === undefined ? DAY_MINUTES : readTime(match[3]);
  if (!days || from === undefined || end === undefined || from === DAY_MINUTES) return undefined;
  const to = end <= from ? end + DAY_MINUTES : end;
  return { days, from, to, text: wordsOf(days, from, end) };
}

function readDays(text: string): readonly number[] | undefined {
  const days = new Set<number>();
  for (const item of text.split(",")) {
    const [first, last = first] = item
      .split("-")
      .map((name) => NAMES.indexOf(name.trim().slice(0, 3).toLowerCase()));
    if (first === undefined || last === undefined || first < 0 || last < 0 || item.split("-").length > 2)
      return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function readTime(text: string): number | undefined {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  const total = hours * 60 + minutes;
  return minutes > 59 || total > DAY_MINUTES ? undefined : total;
}

function wordsOf(days: readonly number[], from: number, end: number): string {
  const hours = from === 0 && end === DAY_MINUTES ? "" : `${clock(from)} to ${clock(end)}`;
  const names = days.length === 7 ? (hours === "" ? "every day" : "") : dayWords(days);
  return [names, hours].filter((part) => part !== "").join(", ");
}

/** `Mon to Fri`; the week begins on Monday for people. */
function dayWords(days: readonly number[]): string {
  const order = days.map((day) => (day + 6) % 7).sort((a, b) => a - b);
  const first = order[0] ?? 0;
  const inRow = order.length > 2 && order.every((day, index) => day === first + index);
  const title = (day: number): string => TITLES[(day + 1) % 7] ?? "";
  return inRow ? `${title(first)} to ${title(order.at(-1) ?? 0)}` : order.map((day) => title(day)).join(", ");
}

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
