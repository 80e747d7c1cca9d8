import { bad, good, type Parsed } from "./parsed.ts";

/** Reads HTTP statuses: `200`, `200-399`, `2xx`, several with commas. The value is a list of inclusive ranges. */
export function parseStatusRanges(text: string): Parsed<readonly (readonly [number, number])[]> {
  const ranges: [number, number][] = [];
  for (const part of text.split(",")) {
    const range = readRange(part.trim());
    if (!range) return bad("expected HTTP statuses from 100 to 599, such as 200, 200-399, 2xx or 200,401");
    ranges.push(range);
  }
  return good(ranges);
}

function readRange(text: string): [number, number] | undefined {
  const whole = /^([1-5])xx$/i.exec(text);
  if (whole) return [Number(whole[1]) * 100, Number(whole[1]) * 100 + 99];
  const match = /^(\d{3})(?:\s*-\s*(\d{3}))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= 100 && last <= 599 && first <= last ? [first, last] : undefined;
}
