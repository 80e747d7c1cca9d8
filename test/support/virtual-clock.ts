import type { Clock } from "../../src/lib/clock.ts";

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly call: () => void;
}

/** Time that stands still until a test moves it. Starts at 2026-01-01T00:00:00Z. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #mono = 0;
  #wallOffset = Date.UTC(2026, 0, 1);
  #order = 0;

  now(): number {
    return this.#wallOffset + this.#mono;
  }

  monotonic(): number {
    return this.#mono;
  }

  after(ms: number, call: () => void): Disposable {
    const timer: Timer = { due: this.#mono + Math.max(0, ms), order: this.#order++, call };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets the wall clock jump; durations do not notice. */
  jump(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Both clocks go on by so much and nothing runs: the machine or the process stood still. */
  stall(ms: number): void {
    this.#mono += ms;
  }

  /** Moves time, firing each timer at its moment and letting promises run in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    await settle();
    for (;;) {
      const next = this.#next();
      if (!next || next.due > end) break;
      this.#mono = Math.max(this.#mono, next.due);
      this.#timers.delete(next);
      next.call();
      await settle();
    }
    this.#mono = end;
    await settle();
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Lets everything run that waits only for promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
