import type { Rate } from "../model/rules.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const UNITS: Readonly<Record<string, number | undefined>> = {
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
};

/** Reads `10/min`, `2/s`, `100/h`, or `off` and `never`, which are null. */
export function parseRate(text: string): Parsed<Rate | null> {
  const written = text.trim().toLowerCase();
  if (written === "off" || written === "never") return good(null);
  const [, count, unit = ""] = /^(\d{1,6})\s*\/\s*([a-z]+)$/.exec(written) ?? [];
  const perMs = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (count === undefined || perMs === undefined) {
    return bad("expected a rate such as 10/min (also /s and /h), or off");
  }
  if (Number(count) === 0) return bad("expected at least 1: write off for no limit");
  return good({ count: Number(count), perMs });
}
