import type { Clock } from "../../lib/clock.ts";
import type { Instance, InstanceSummary } from "../../providers/provider.ts";
import type { EngineView } from "./engine-view.ts";

/** A start this long before or after a listing belongs to the engine's own start. */
const BEFORE_LISTING_MS = 10 * 60_000;
const AFTER_LISTING_MS = 15_000;
/** Time for those who want it to ask, before the first one goes back. */
const FIRST_MS = 30_000;
const BETWEEN_MS = 10_000;

/**
 * After an engine's restart, `restart: always` brings up everything at once, also what we had put to sleep. Tells
 * such runs, and gives each its turn to go back.
 */
export class Comeback {
  readonly #clock: Clock;
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True for a run that the engine started by itself around the time of a complete listing. */
  isOne(instance: InstanceSummary | Instance | undefined, view: EngineView): boolean {
    if (!instance || !("runId" in instance) || instance.restartPolicy === "no") return false;
    if (instance.startedAt === undefined || view.listedAt === undefined) return false;
    const late = instance.startedAt - view.listedAt;
    return late > -BEFORE_LISTING_MS && late < AFTER_LISTING_MS;
  }

  /** Ms until the next one's turn. */
  slotMs(): number {
    const now = this.#clock.monotonic();
    this.#last = Math.max(now + FIRST_MS, this.#last + BETWEEN_MS);
    return this.#last - now;
  }
}
