import { bad, good, type Parsed } from "./parsed.ts";

/** Reads `sessions[0].user.name` (with or without `$.` in front) as the keys that lead to a value. */
export function parseJsonPath(text: string): Parsed<readonly string[]> {
  const written = text.trim().replace(/^\$\.?/, "");
  if (!/^(?:[\w-]+|\[\d+\])(?:\.[\w-]+|\[\d+\])*$/.test(written)) {
    return bad("expected keys with dots and indexes in brackets, such as sessions[0].user or queue.length");
  }
  return good(written.split(/[.[\]]+/).filter((part) => part !== ""));
}
