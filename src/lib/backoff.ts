/** Delays that double from `firstMs` up to `maxMs`, with some of each taken away at random so that many clients spread. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Share of the delay that chance may take away, 0 (none, the default) to 1. */
  readonly jitter?: number;
  /** Source of chance in [0, 1). Default: Math.random. */
  readonly random?: () => number;
}

/** The delay before try number `attempt` (0 is the first retry), in milliseconds. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { firstMs, maxMs, jitter = 0, random = Math.random } = options;
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (1 - jitter * random()));
}
