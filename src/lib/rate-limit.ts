import type { Clock } from "./clock.ts";
import { Generations } from "./generations.ts";

/** `count` times at once, and from then on one for each `perMs / count` ms that went by. */
export interface RateLimit {
  readonly count: number;
  readonly perMs: number;
}

/** Enough for every client of a busy hour; a flood of addresses forgets some, and other limits still hold. */
const MAX_KEYS = 8192;

/**
 * Counts by key, with bounded memory. Keeps one number for each key: the moment at which its allowance will be
 * whole again (the generic cell rate algorithm).
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #full = new Generations<string, number>(MAX_KEYS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long to wait until one more is allowed, in ms; 0: now. */
  waitMs(key: string, limit: RateLimit): number {
    const full = this.#full.get(key);
    if (full === undefined) return 0;
    const wait = full - this.#clock.monotonic() - (limit.perMs - limit.perMs / limit.count);
    // Fractions of a millisecond are rounding.
    return wait < 1 ? 0 : wait;
  }

  /** Takes one, whether allowed or not: ask `waitMs` first. */
  take(key: string, limit: RateLimit): void {
    const now = this.#clock.monotonic();
    this.#full.set(key, Math.max(now, this.#full.get(key) ?? now) + limit.perMs / limit.count);
  }
}
