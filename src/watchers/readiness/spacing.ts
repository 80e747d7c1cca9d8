/** What the wait before the next probe of an address depends on. Milliseconds. */
export interface Spacing {
  /** Since probing began. */
  readonly elapsedMs: number;
  /** When it usually answers, counted from the same moment; unset before the first good wake. */
  readonly expectedMs?: number;
  /**
   * How the last probe ended: with an error status (the app works on something, do not disturb it), without an
   * answer, or with the word that nobody listens, which costs next to nothing. `vain`: without an answer, while
   * another address has that word of the same app.
   */
  readonly outcome: "bad" | "silent" | "refused" | "vain";
}

/**
 * The wait before the next probe: a fiftieth of the time so far, between 5 and 250 ms, so that our share
 * stays near 1 %. Where connections are refused a quarter of that, but for the time in which it was never ready
 * before; around the learned time half as long; after an error status at least 100 ms, in vain at least 50.
 */
export function nextProbeInMs({ elapsedMs, expectedMs, outcome }: Spacing): number {
  const plain = Math.min(250, Math.max(5, elapsedMs / 50));
  if (outcome === "bad") return Math.max(100, plain);
  if (outcome === "vain") return Math.max(50, plain);
  const early = expectedMs !== undefined && elapsedMs < expectedMs / 2;
  const dense = outcome === "refused" && !early;
  const usual = dense ? Math.min(250, Math.max(2, elapsedMs / 200)) : plain;
  const near = expectedMs !== undefined && Math.abs(elapsedMs - expectedMs) <= Math.max(50, expectedMs * 0.1);
  return near ? Math.max(dense ? 1 : 5, usual / 2) : usual;
}
