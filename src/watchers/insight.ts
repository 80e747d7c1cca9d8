import type { LastLook } from "./activity/last-look.ts";
import type { Watcher } from "./watcher.ts";
import { whyInputOf } from "./why-input.ts";
import { whyOf, type WhyReport } from "./why.ts";

/** What is known of why a target is awake: the last look, and since when looks find it in use. */
export class Insight {
  readonly #watcher: Watcher;
  #lastLook: LastLook | undefined;
  #heldSince: number | undefined;
  #wouldSleepSince: number | undefined;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  /** The result of the latest last look. */
  get lastLook(): LastLook | undefined {
    return this.#lastLook;
  }

  /** Wall ms since when each look finds it in use; undefined: the last one did not, or a request came since. */
  get heldSince(): number | undefined {
    return this.#heldSince;
  }

  /** Monotonic ms since when a dry run says that it would sleep; undefined: it would not. */
  get wouldSleepSince(): number | undefined {
    const since = this.#wouldSleepSince;
    const { activity, state } = this.#watcher;
    return since !== undefined && since >= activity.lastUse && state.kind === "ready" ? since : undefined;
  }

  /** Every source of evidence, who woke it, why it does not sleep and since when. */
  why(): WhyReport {
    return whyOf(whyInputOf(this.#watcher));
  }

  looked(result: LastLook): void {
    this.#lastLook = result;
    this.#heldSince = result.inUse ? (this.#heldSince ?? result.at) : undefined;
    this.#watcher.changed.emit();
  }

  /** A request explains by itself why it is awake. */
  touched(): void {
    this.#heldSince = undefined;
  }

  /** In a dry run: it would be put to sleep now. Said once until it is used again. */
  wouldSleep(): void {
    if (this.wouldSleepSince !== undefined) return;
    const { name, around, changed } = this.#watcher;
    this.#wouldSleepSince = around.clock.monotonic();
    const message = `${name} would be put to sleep now (dry run)`;
    around.log.info("would_sleep", message, { target: name });
    changed.emit();
  }
}
