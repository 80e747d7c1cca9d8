import type { Clock } from "../../../src/lib/clock.ts";

/** The time of one process: its timers end with it, and wait while it is stopped (SIGSTOP). */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  readonly #waiting = new Set<object>();
  #late: (() => void)[] | undefined;
  /** What reached it while it was stopped, and is not taken yet. */
  #behind = 0;
  #dead = false;

  constructor(world: Clock) {
    this.#world = world;
  }

  now(): number {
    return this.#world.now();
  }

  monotonic(): number {
    return this.#world.monotonic();
  }

  after(ms: number, call: () => void): Disposable {
    const entry = {};
    this.#waiting.add(entry);
    const timer = this.#world.after(ms, () =>
      this.deliver(() => {
        if (this.#waiting.delete(entry)) call();
      }),
    );
    return {
      [Symbol.dispose]: () => {
        this.#waiting.delete(entry);
        timer[Symbol.dispose]();
      },
    };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Stopped, or busy with what came meanwhile. */
  get stopped(): boolean {
    return this.#late !== undefined || this.#behind > 0;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  /** Lets something reach the process: at once, when it goes on, or never. */
  deliver(call: () => void): void {
    if (this.#dead) return;
    if (this.#late) this.#late.push(call);
    else call();
  }

  stop(): void {
    this.#late ??= [];
  }

  goOn(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    // One after the other, as the event loop would: each may answer to what the one before did.
    this.#behind += late.length;
    for (const call of late) {
      this.#world.after(0, () => {
        this.#behind--;
        this.deliver(call);
      });
    }
  }

  /** kill -9. */
  kill(): void {
    this.#dead = true;
    this.#waiting.clear();
  }
}
