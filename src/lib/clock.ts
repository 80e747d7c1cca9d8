/**
 * The only source of time. Everything that reads time or waits takes a Clock, so that tests and the
 * simulation can run years in milliseconds.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch: for people and for what outlives the process. May jump. */
  now(): number;
  /** Monotonic milliseconds with an arbitrary zero: for durations. Never jumps. */
  monotonic(): number;
  /**
   * Calls `call` once, `ms` milliseconds from now (0 or less: as soon as possible). Any length works,
   * also beyond the 2^31-1 ms where `setTimeout` would fire at once. Disposing cancels.
   */
  after(ms: number, call: () => void): Disposable;
}

/** The longest delay that `setTimeout` takes without wrapping round to 1 ms. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const due = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - performance.now();
      timer =
        left > LONGEST_TIMEOUT_MS ? setTimeout(arm, LONGEST_TIMEOUT_MS) : setTimeout(call, Math.max(0, left));
    };
    arm();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/**
 * Resolves after `ms` milliseconds.
 *
 * @throws the signal's reason when it is aborted before or while waiting; the timer is gone then.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
