import type { Subscribable } from "./emitter.ts";

/**
 * Resolves when `ask` says true. Asks at once and after each change.
 *
 * @throws the error that `ask` gives in place of an answer; the signal's reason on abort.
 */
export function untilTrue(
  changed: Subscribable<unknown>,
  ask: () => boolean | Error,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error): void => {
      subscription[Symbol.dispose]();
      signal.removeEventListener("abort", onAbort);
      if (error) reject(error);
      else resolve();
    };
    const onAbort = (): void => finish(signal.reason as Error);
    const look = (): void => {
      const answer = ask();
      if (answer === true) finish();
      else if (answer !== false) finish(answer);
    };
    const subscription = changed.subscribe(look);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    else look();
  });
}
