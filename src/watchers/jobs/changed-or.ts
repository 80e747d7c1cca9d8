import { sleep, type Clock } from "../../lib/clock.ts";
import type { Subscribable } from "../../lib/emitter.ts";
import { linkSignals } from "../../lib/signals.ts";

/**
 * Resolves after `ms` (never, when undefined) or when `changed` fires.
 *
 * @throws the signal's reason when it aborts.
 */
export async function changedOr(
  clock: Clock,
  ms: number | undefined,
  changed: Subscribable<void>,
  signal: AbortSignal,
): Promise<void> {
  using wait = linkSignals(signal);
  using _ = changed.subscribe(() => wait.abort(new Error("changed")));
  try {
    await sleep(clock, ms ?? Number.MAX_SAFE_INTEGER, wait.signal);
  } catch {
    signal.throwIfAborted();
  }
}
