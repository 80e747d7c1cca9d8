import { parseDuration } from "./duration.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** Awake for a while, again and again. Milliseconds. */
export interface Recurrence {
  readonly forMs: number;
  readonly everyMs: number;
}

/** Reads `10m every 6h`. The pause between must be longer than zero, the interval at least a minute. */
export function parseRecurrence(text: string): Parsed<Recurrence> {
  const [length = "", interval = "", ...rest] = text.trim().split(/\s+every\s+/i);
  const forMs = parseDuration(length);
  const everyMs = parseDuration(interval);
  if (!forMs.ok || !everyMs.ok || rest.length > 0) return bad("expected a form such as 10m every 6h");
  if (forMs.value === 0 || everyMs.value < 60_000 || forMs.value >= everyMs.value) {
    return bad(
      "expected a time above zero that is shorter than its interval, and an interval of at least 1m",
    );
  }
  return good({ forMs: forMs.value, everyMs: everyMs.value });
}
