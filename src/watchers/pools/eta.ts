import type { PoolWatchers } from "./pools.ts";
import type { Watcher } from "../watcher.ts";

/** Before somebody is put to sleep for others, traffic is compared for about this long. */
const LOOK_MS = 5_000;

/**
 * Milliseconds until those who make room in these pools are asleep: who goes down already, and who is to. Undefined:
 * nobody does, or how long one of them takes to stop is not known yet.
 */
export function roomEtaMs(
  pools: readonly string[],
  yields: readonly string[],
  watchers: PoolWatchers,
): number | undefined {
  const all = [...watchers.all()].filter(
    ({ name, spec, state }) =>
      yields.includes(name) || (state.kind === "stopping" && spec.pools.some((pool) => pools.includes(pool))),
  );
  if (all.length === 0) return undefined;
  const ends = all.map(untilAsleepMs);
  return ends.every((end) => end !== undefined) ? Math.round(Math.max(...ends)) : undefined;
}

function untilAsleepMs({ state, around, stopMs }: Watcher): number | undefined {
  if (stopMs === undefined) return undefined;
  if (state.kind !== "stopping") return stopMs + (state.kind === "ready" ? LOOK_MS : 0);
  return Math.max(0, state.began + stopMs - around.clock.monotonic());
}
