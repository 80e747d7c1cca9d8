import { bad, good, type Parsed } from "./parsed.ts";

const UNITS = [
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Longest duration that is accepted: beyond it somebody means `never`. */
const LONGEST_MS = 520 * 604_800_000;

const FORM = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Regular expression source of the accepted forms, for editors. */
export const DURATION_PATTERN = "^(?=\\d)(\\d+w)?(\\d+d)?(\\d+h)?(\\d+m(?!s))?(\\d+s)?(\\d+ms)?$";

/**
 * Reads `90s`, `1h30m`, `2d`: whole numbers with units `ms`, `s`, `m`, `h`, `d`, `w`, largest first, each at
 * most once. The value is in milliseconds. Spaces around it are ignored, inside they are not.
 */
export function parseDuration(text: string): Parsed<number> {
  const written = text.trim();
  const match = FORM.exec(written);
  if (!match || written === "") return bad(`expected a duration such as 90s, 15m or 1h30m${hint(written)}`);
  let total = 0;
  for (const [index, [, ms]] of UNITS.entries()) total += Number(match[index + 1] ?? 0) * ms;
  if (total > LONGEST_MS) return bad("expected a duration of at most 520 weeks");
  return good(total);
}

/** The shortest spelling that {@link parseDuration} reads back as the same number of milliseconds. */
export function formatDuration(ms: number): string {
  let left = Math.max(0, Math.round(ms));
  if (left === 0) return "0s";
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${String(count)}${unit}`;
    left -= count * size;
  }
  return text;
}

function hint(written: string): string {
  if (/^\d+$/.test(written)) return `: give the number a unit, ${written}s or ${written}m`;
  if (written.startsWith("-")) return ": it cannot be negative";
  if (/\d[.,]\d/.test(written)) return " in whole numbers: write 1h30m for an hour and a half";
  if (/\d\s+[a-z]/i.test(written) || /[a-z]\s+\d/i.test(written)) return ": write it without spaces";
  const words = written.replaceAll(/[a-z]+/gi, (word) => UNIT_WORDS[word.toLowerCase()] ?? word);
  if (words !== written && FORM.test(words)) return `: write ${words}`;
  return " (units ms, s, m, h, d, w, the largest first)";
}

const UNIT_WORDS: Readonly<Record<string, string | undefined>> = {
  msec: "ms",
  millis: "ms",
  ms: "ms",
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  s: "s",
  mn: "m",
  min: "m",
  mins: "m",
  minute: "m",
  minutes: "m",
  m: "m",
  hr: "h",
  hrs: "h",
  hour: "h",
  hours: "h",
  h: "h",
  day: "d",
  days: "d",
  d: "d",
  week: "w",
  weeks: "w",
  w: "w",
};
