/** What the wait before the next probe depends on. Milliseconds. */
export interface Spacing {
  /** Since probing began. */
  readonly elapsedMs: number;
  /** When it usually answers, counted from the same moment; unset before the first good wake. */
  readonly expectedMs?: number;
  /** The last probe was answered with an error status: the app works on something, do not disturb it. */
  readonly answeredBadly: boolean;
}

/**
 * The wait before the next probe: a fiftieth of the time so far, between 5 and 250 ms, so that our share
 * stays near 1 %. Around the learned time it is half as long; after an error status at least 100 ms.
 */
export function nextProbeInMs({ elapsedMs, expectedMs, answeredBadly }: Spacing): number {
  const plain = Math.min(250, Math.max(5, elapsedMs / 50));
  if (answeredBadly) return Math.max(100, plain);
  const near = expectedMs !== undefined && Math.abs(elapsedMs - expectedMs) <= Math.max(50, expectedMs * 0.1);
  return near ? Math.max(5, plain / 2) : plain;
}
