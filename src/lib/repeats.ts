import type { Clock } from "./clock.ts";

/** One of a kind in this time, unless said otherwise. */
const EVERY_MS = 10_000;
/** Beyond, the memory starts anew: scanners make up names. */
const MOST_KINDS = 1_000;

/** Keeps what happens again and again from filling a log: one of each kind passes in a while. */
export class Repeats {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #passed = new Map<string, { at: number; more: number }>();

  /** `everyMs`: how long after one that passed the next of its kind passes. Default: 10 s. */
  constructor(clock: Clock, everyMs = EVERY_MS) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** Undefined: keep it back. Else how many of its kind were kept back since the last one that passed. */
  pass(kind: string): number | undefined {
    const now = this.#clock.monotonic();
    const passed = this.#passed.get(kind);
    if (passed && now - passed.at < this.#everyMs) {
      passed.more += 1;
      return undefined;
    }
    if (!passed && this.#passed.size >= MOST_KINDS) this.#passed.clear();
    this.#passed.set(kind, { at: now, more: 0 });
    return passed?.more ?? 0;
  }
}

/** ` (and 3 more like it)`; nothing for none. */
export function andMore(more: number): string {
  return more > 0 ? ` (and ${String(more)} more like it)` : "";
}
