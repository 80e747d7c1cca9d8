import type { Clock } from "./clock.ts";

/**
 * Makes calls later, all at once: one timer for all of them. While there is always something to do, it is set again by
 * its own round and not by who asks, so that a request pays for no timer.
 */
export class Rounds implements Disposable {
  readonly #clock: Clock;
  readonly #afterMs: number;
  #calls: (() => void)[] = [];
  #timer: Disposable | undefined;
  #closed = false;

  /** `afterMs`: how long a call may have to wait. */
  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.#afterMs = afterMs;
  }

  /** Makes the call in the next round. It must not throw. */
  add(call: () => void): void {
    if (this.#closed) return;
    this.#calls.push(call);
    if (!this.#timer) this.#set();
  }

  /** No call is made any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#calls = [];
    this.#timer?.[Symbol.dispose]();
  }

  #set(): void {
    this.#timer = this.#clock.after(this.#afterMs, () => {
      const calls = this.#calls;
      this.#calls = [];
      this.#timer = undefined;
      if (calls.length > 0) this.#set();
      for (const call of calls) call();
    });
  }
}
