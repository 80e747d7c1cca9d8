import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { messageOf } from "../../errors.ts";
import type { Usage } from "../../providers/provider.ts";

/** Bytes per second, both directions, above which a quiet target counts as used. */
export const USED_ABOVE_BYTES_PER_SECOND = 1_000;
/** The longest time that one comparison of counters takes. */
const LONGEST_WINDOW_MS = 30_000;

/** What one source of evidence says. */
export type Evidence =
  | { readonly kind: "quiet"; readonly detail: string }
  | { readonly kind: "in-use"; readonly detail: string }
  /** The engine has no such counters for this target. */
  | { readonly kind: "blind"; readonly detail: string };

/** How long to compare counters for: half the idle time, at most 30 s. */
export function windowMs(idleTimeoutMs: number): number {
  return Math.min(LONGEST_WINDOW_MS, Math.max(200, idleTimeoutMs / 2));
}

/**
 * Compares network counters over one window. What cannot be read counts as use: ambiguous means awake.
 *
 * @throws the signal's reason when it aborts.
 */
export async function lookAtNetwork(
  usage: (signal: AbortSignal) => Promise<Usage | undefined>,
  window: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Evidence> {
  try {
    const before = await usage(signal);
    if (before?.receivedBytes === undefined) return { kind: "blind", detail: "no network counters" };
    const began = clock.monotonic();
    await sleep(clock, window, signal);
    const after = await usage(signal);
    return compare(before, after, clock.monotonic() - began);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "in-use", detail: `network counters could not be read: ${messageOf(error)}` };
  }
}

function compare(before: Usage, after: Usage | undefined, ms: number): Evidence {
  if (after?.receivedBytes === undefined) return { kind: "blind", detail: "network counters went away" };
  const bytes = total(after) - total(before);
  // Smaller than before: the counters began anew, so the comparison says nothing.
  if (bytes < 0) return { kind: "in-use", detail: "network counters began anew" };
  const rate = bytes / (ms / 1_000);
  const detail = `${(rate / 1_000).toFixed(1)} KB/s over ${(ms / 1_000).toFixed(0)} s`;
  return { kind: rate > USED_ABOVE_BYTES_PER_SECOND ? "in-use" : "quiet", detail };
}

function total({ receivedBytes = 0, sentBytes = 0 }: Usage): number {
  return receivedBytes + sentBytes;
}
