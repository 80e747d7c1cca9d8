import { parseHostPattern } from "./host-pattern.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** Reads a name that clients ask for (TLS server name, Minecraft's host): `db.example.com` or `*.example.com`. */
export function parseServerName(text: string): Parsed<string> {
  const parsed = parseHostPattern(text);
  if (!parsed.ok) return parsed;
  if (parsed.value.prefix !== "/") return bad("expected a host without a path, such as db.example.com");
  return good(parsed.value.host);
}
