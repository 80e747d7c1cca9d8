import type { RedisStoreSettings } from "../../config/model/store.ts";

/** How long everything takes, ms, all of it from the lease and the grace. */
export interface Timing {
  /** How long a member, a leader or a claim lives in Redis without a sign. */
  readonly leaseMs: number;
  /** How long a lost member counts, from the end of its lease. */
  readonly lostMs: number;
  /** Between two signs of life. */
  readonly beatMs: number;
  /** Uses are told this much later at most. */
  readonly coalesceMs: number;
  /** Longest time that an answer of Redis may take. */
  readonly answerMs: number;
  /** How much earlier than Redis we think that a lease is over, and how old a commit may be. */
  readonly marginMs: number;
  /** How long the others have for agreeing to a stop. */
  readonly agreeMs: number;
  /** How long an agreement stands without a commit. */
  readonly askMs: number;
}

/** Pure. */
export function timingOf({
  leaseMs,
  lostGraceMs,
}: Pick<RedisStoreSettings, "leaseMs" | "lostGraceMs">): Timing {
  const fifth = leaseMs / 5;
  return {
    leaseMs,
    lostMs: lostGraceMs,
    beatMs: Math.min(2_000, fifth),
    coalesceMs: Math.min(1_000, fifth / 2),
    answerMs: Math.min(2_000, fifth * 2),
    marginMs: fifth,
    agreeMs: Math.min(2_000, fifth * 2),
    askMs: Math.min(5_000, leaseMs),
  };
}

/**
 * True while a lease that was renewed by a call sent at `sentAt` surely holds in Redis, which began to count later.
 * Both clocks are asked: a machine that slept has a monotonic clock that did not see it. Pure.
 */
export function surelyHolds(sentAt: Moment, now: Moment, { leaseMs, marginMs }: Timing): boolean {
  return elapsedMs(sentAt, now) < leaseMs - marginMs;
}

/**
 * True while no other replica can have stopped anything without this one's consent. Uses both clocks, because the
 * monotonic one stands still while the machine is suspended. Pure.
 */
export function surelyAsked(sentAt: Moment, now: Moment, { leaseMs, lostMs, answerMs }: Timing): boolean {
  return elapsedMs(sentAt, now) < leaseMs + lostMs - answerMs;
}

/** Wall and monotonic ms of one moment. */
export interface Moment {
  readonly wall: number;
  readonly mono: number;
}

/** The longer of what both clocks say: a jump of the wall clock ends a lease early, and never makes it longer. */
export function elapsedMs(from: Moment, to: Moment): number {
  return Math.max(to.mono - from.mono, to.wall - from.wall);
}
