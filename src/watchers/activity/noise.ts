/** What a target does while nobody asks for anything: proxies' health checks, its own polling. */
export interface Noise {
  readonly bytesPerSecond: number;
  /** Connections that proxies keep open for their health checks. */
  readonly proxied?: number;
}

/** A slow fall, so that one calm window between two health checks does not make the next one look like use. */
const FALL = 0.8;

/**
 * Learns from a look that found nobody. `cap` bounds the rate, so that looks just below the limit cannot raise
 * the limit step by step. Pure.
 */
export function learnNoise(
  before: Noise | undefined,
  look: { readonly bytesPerSecond?: number; readonly proxied?: number },
  cap: number,
): Noise {
  const rate = look.bytesPerSecond ?? 0;
  const bytesPerSecond = Math.round(Math.min(cap, Math.max(rate, (before?.bytesPerSecond ?? 0) * FALL)));
  const proxied = look.proxied ?? before?.proxied;
  return { bytesPerSecond, ...(proxied !== undefined && { proxied }) };
}
