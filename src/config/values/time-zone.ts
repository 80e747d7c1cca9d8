import { bad, good, type Parsed } from "./parsed.ts";

/** Reads the IANA name of a time zone, `Europe/Berlin` or `UTC`. */
export function parseTimeZone(text: string): Parsed<string> {
  const written = text.trim();
  try {
    return good(new Intl.DateTimeFormat("en", { timeZone: written }).resolvedOptions().timeZone);
  } catch {
    return bad("expected the name of a time zone, such as Europe/Berlin or UTC");
  }
}
