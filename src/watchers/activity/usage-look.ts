import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import { messageOf } from "../../errors.ts";
import type { Usage } from "../../providers/provider.ts";
import { rateText, type Evidence } from "./evidence.ts";

/** The longest time that one comparison of counters takes. */
const LONGEST_WINDOW_MS = 30_000;

/** Reading counters takes an engine a second or two. */
const READ_LIMIT_MS = 15_000;

/** A window this much longer than it should be. */
const STALLED_MS = 10_000;

/** What is above these limits counts as use. */
export interface UsageLimits {
  readonly bytesPerSecond: number;
  /** Of one core. */
  readonly cpuPercent: number;
}

/** How long to compare counters for: half the idle time, at most 30 s. */
export function windowMs(idleTimeoutMs: number): number {
  return Math.min(LONGEST_WINDOW_MS, Math.max(200, idleTimeoutMs / 2));
}

/**
 * Compares network and CPU counters over one window. What cannot be read counts as use: ambiguous means awake.
 *
 * @throws the signal's reason when it aborts.
 */
export async function lookAtUsage(
  usage: (signal: AbortSignal) => Promise<Usage | undefined>,
  limits: UsageLimits,
  window: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  try {
    const before = await read(usage, clock, signal);
    const began = clock.monotonic();
    await sleep(clock, window, signal);
    const after = before && (await read(usage, clock, signal));
    const ms = clock.monotonic() - began;
    // The machine or the process stood still: nobody could use anything, and a rate over that time says nothing.
    if (ms > window + STALLED_MS)
      return [{ source: "network", kind: "in-use", detail: "time stood still during the look" }];
    const seconds = ms / 1_000;
    return [network(before, after, seconds, limits), cpu(before, after, seconds, limits)];
  } catch (error) {
    signal.throwIfAborted();
    const detail = `counters could not be read: ${messageOf(error)}`;
    return [{ source: "network", kind: "in-use", detail }];
  }
}

/** An engine that never answers must not end the looks for ever. */
async function read(
  usage: (signal: AbortSignal) => Promise<Usage | undefined>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Usage | undefined> {
  using limit = deadline(clock, READ_LIMIT_MS, "counters", signal);
  return await usage(limit.signal);
}

function network(
  before: Usage | undefined,
  after: Usage | undefined,
  seconds: number,
  limits: UsageLimits,
): Evidence {
  const source = "network";
  if (before?.receivedBytes === undefined || after?.receivedBytes === undefined) {
    return { source, kind: "blind", detail: "no counters for it" };
  }
  const received = after.receivedBytes - before.receivedBytes;
  const sent = (after.sentBytes ?? 0) - (before.sentBytes ?? 0);
  // Smaller than before: the counters began anew, so the comparison says nothing.
  if (received < 0 || sent < 0) return { source, kind: "in-use", detail: "counters began anew" };
  const bytesPerSecond = (received + sent) / seconds;
  const detail = `${rateText(bytesPerSecond)}, noise is below ${rateText(limits.bytesPerSecond)}`;
  const numbers = { bytesPerSecond: Math.round(bytesPerSecond), limit: Math.round(limits.bytesPerSecond) };
  return { source, kind: bytesPerSecond > limits.bytesPerSecond ? "in-use" : "quiet", detail, numbers };
}

function cpu(
  before: Usage | undefined,
  after: Usage | undefined,
  seconds: number,
  limits: UsageLimits,
): Evidence {
  const source = "cpu";
  if (before?.cpuSeconds === undefined || after?.cpuSeconds === undefined) {
    return { source, kind: "blind", detail: "no counters for it" };
  }
  const percent = (Math.max(0, after.cpuSeconds - before.cpuSeconds) / seconds) * 100;
  const detail = `${percent.toFixed(1)} %, busy is above ${String(limits.cpuPercent)} %`;
  const numbers = { percent: Math.round(percent * 10) / 10, limit: limits.cpuPercent };
  return { source, kind: percent > limits.cpuPercent ? "in-use" : "quiet", detail, numbers };
}
