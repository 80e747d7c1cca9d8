import { bad, good, type Parsed } from "./parsed.ts";

/** Reads a range of ports, `1024-65535` or a single port; both ends belong to it. `none` is an empty one. */
export function parsePortRange(text: string): Parsed<readonly [number, number]> {
  const written = text.trim().toLowerCase();
  if (written === "none") return good([1, 0]);
  const [, from = "", to = from] = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(written) ?? [];
  const range = [Number(from), Number(to)] as const;
  if (from === "" || range[0] < 1 || range[1] > 65_535 || range[0] > range[1]) {
    return bad("expected a range of ports such as 1024-65535, or none");
  }
  return good(range);
}
