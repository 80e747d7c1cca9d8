import type { TargetOptions } from "../config/model.ts";
import type { StopMethod } from "../providers/provider.ts";

/** How a target is put to sleep when nobody uses it. */
export interface FirstTier {
  /** Ms without use; undefined: never. */
  readonly afterMs: number | undefined;
  readonly method: StopMethod;
}

/** The idle time, or with two tiers the pause. */
export function firstTier(spec: TargetOptions): FirstTier {
  if (spec.pauseAfterMs !== undefined) return { afterMs: spec.pauseAfterMs, method: "pause" };
  return { afterMs: spec.idleTimeoutMs, method: spec.stopMethod };
}

/** How long after the pause it is stopped; undefined: it stays paused. */
export function secondTierMs({ pauseAfterMs, stopAfterMs }: TargetOptions): number | undefined {
  return pauseAfterMs === undefined || stopAfterMs === undefined
    ? undefined
    : Math.max(0, stopAfterMs - pauseAfterMs);
}
