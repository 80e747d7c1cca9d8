import type { Clock } from "../../lib/clock.ts";

export interface BeatOptions {
  readonly clock: Clock;
  /** Ms until the next one, asked after each. */
  readonly everyMs: () => number;
  readonly beat: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Does something again and again, one after the other, sooner when there is a reason. Begins at once. */
export class Beat implements Disposable {
  readonly #options: BeatOptions;
  #timer: Disposable | undefined;
  /** Monotonic ms. */
  #dueAt = Number.POSITIVE_INFINITY;
  #running = false;
  #again = false;
  #closed = false;

  constructor(options: BeatOptions) {
    this.#options = options;
    this.within(0);
  }

  /** The next one comes within `ms`; for 0 one begins that has not begun yet. */
  within(ms: number): void {
    if (this.#closed) return;
    if (this.#running) this.#again ||= ms === 0;
    else if (this.#options.clock.monotonic() + ms < this.#dueAt) this.#arm(ms);
  }

  /** One more after this one, at once. */
  again(): void {
    this.#again = true;
  }

  #arm(ms: number): void {
    const { clock } = this.#options;
    this.#timer?.[Symbol.dispose]();
    this.#dueAt = clock.monotonic() + ms;
    this.#timer = clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#running = true;
    this.#again = false;
    try {
      await this.#options.beat();
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#running = false;
      if (!this.#closed) this.#arm(this.#again ? 0 : this.#options.everyMs());
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }
}
