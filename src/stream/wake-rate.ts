import type { Clock } from "../lib/clock.ts";

const MINUTE_MS = 60_000;

/** Lets so many wakes a minute pass; unused ones are saved up to one minute's worth. */
export class WakeRate {
  readonly #clock: Clock;
  #spent = 0;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** True when one more wake is within the limit; it counts then. */
  take(perMinute: number): boolean {
    const now = this.#clock.monotonic();
    this.#spent = Math.max(0, this.#spent - ((now - this.#at) * perMinute) / MINUTE_MS);
    this.#at = now;
    if (this.#spent > perMinute - 1) return false;
    this.#spent += 1;
    return true;
  }
}
