import type { Clock } from "../lib/clock.ts";

const LOOK_EVERY_MS = 30_000;
const LOOKS_AN_HOUR = 120;
/** Slewing moves a clock by less than this in one interval; anything more was set. */
const SLEWED_MS = 1_500;

/**
 * Notices when the wall clock was set, or went on while monotonic time stood still (suspend): both clocks are
 * compared twice a minute. Durations do not need it; whoever waits for a moment of wall time does.
 */
export class TimeWatch implements Disposable {
  readonly #clock: Clock;
  readonly #onSet: (ms: number) => void;
  readonly #onHour: () => void;
  #looks = 0;
  #offset: number;
  #timer: Disposable;

  /** `onSet` gets the ms by which wall time moved against monotonic time; `onHour` is called once an hour. */
  constructor(clock: Clock, onSet: (ms: number) => void, onHour: () => void) {
    this.#clock = clock;
    this.#onSet = onSet;
    this.#onHour = onHour;
    this.#offset = clock.now() - clock.monotonic();
    this.#timer = this.#wait();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #wait(): Disposable {
    return this.#clock.after(LOOK_EVERY_MS, () => {
      this.#timer = this.#wait();
      const offset = this.#clock.now() - this.#clock.monotonic();
      const ms = offset - this.#offset;
      // Taken as the new base in any case: slewing adds up over months, and is nobody's jump.
      this.#offset = offset;
      if (Math.abs(ms) > SLEWED_MS) this.#onSet(ms);
      if (++this.#looks % LOOKS_AN_HOUR === 0) this.#onHour();
    });
  }
}
