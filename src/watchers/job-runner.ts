import type { Clock } from "../lib/clock.ts";
import type { Job } from "./jobs/job-of.ts";
import type { Input } from "./input.ts";

/** When work of a state failed in a way that nobody expected. */
const AGAIN_MS = 1_000;

/** Runs the work of one state at a time. Work that was replaced is aborted, and its result is dropped. */
export class JobRunner {
  readonly #clock: Clock;
  readonly #onResult: (input: Input) => void;
  readonly #onFailure: (error: unknown) => void;
  #work: AbortController | undefined;

  constructor(clock: Clock, onResult: (input: Input) => void, onFailure: (error: unknown) => void) {
    this.#clock = clock;
    this.#onResult = onResult;
    this.#onFailure = onFailure;
  }

  /** Ends what runs and begins `job`, if any. It is begun again should it fail. */
  start(job: Job | undefined, reason: string): void {
    this.stop(new Error(reason));
    if (!job) return;
    const work = new AbortController();
    this.#work = work;
    const run = async (): Promise<void> => {
      let input: Input;
      try {
        input = await job(work.signal);
      } catch (error) {
        if (work.signal.aborted) return;
        this.#onFailure(error);
        const again = this.#clock.after(AGAIN_MS, () => void run());
        work.signal.addEventListener("abort", () => again[Symbol.dispose](), { once: true });
        return;
      }
      if (this.#work === work) this.#onResult(input);
    };
    void run();
  }

  stop(reason: Error): void {
    this.#work?.abort(reason);
    this.#work = undefined;
  }
}
