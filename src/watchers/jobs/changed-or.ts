import type { Clock } from "../../lib/clock.ts";
import type { Subscribable } from "../../lib/emitter.ts";
import { onAbort } from "../../lib/signals.ts";

/**
 * Resolves after `ms` (never, when undefined) or when `changed` fires.
 *
 * @throws the signal's reason when it aborts.
 */
export function changedOr(
  clock: Clock,
  ms: number | undefined,
  changed: Subscribable<void>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const settle = (done: () => void): void => {
      timer?.[Symbol.dispose]();
      subscription[Symbol.dispose]();
      aborting[Symbol.dispose]();
      done();
    };
    // Each connection and each lease comes through here: no error and no signal of its own.
    const timer = ms === undefined ? undefined : clock.after(ms, () => settle(resolve));
    const subscription = changed.subscribe(() => settle(resolve));
    const aborting = onAbort(signal, (reason) => settle(() => reject(reason)));
  });
}
