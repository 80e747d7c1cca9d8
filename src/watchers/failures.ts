import { backoffMs } from "../lib/backoff.ts";
import type { FailureFacts } from "./failure.ts";
import type { Failure } from "./progress.ts";

/** Failures in a row after which nothing is retried by itself any more. */
const CIRCUIT_OPENS_AT = 5;
const COOL_DOWN = { firstMs: 1_000, maxMs: 60_000 };

/** Counts failed wakes in a row: each lengthens the pause before the next try, and some are too many. */
export class Failures {
  #inRow = 0;

  reset(): void {
    this.#inRow = 0;
  }

  /** Completes the facts of one more failure, at wall ms `at`. */
  add(facts: FailureFacts, at: number): { readonly failure: Failure; readonly coolDownMs: number } {
    const tries = ++this.#inRow;
    const coolDownMs = backoffMs(tries - 1, COOL_DOWN);
    const final = tries >= CIRCUIT_OPENS_AT;
    return {
      coolDownMs,
      failure: { ...facts, at, tries, nextTryAt: at + coolDownMs, ...(final && { final }) },
    };
  }
}
