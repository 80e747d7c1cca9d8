import type { PoolSpec } from "../../config/model/pool.ts";
import type { InstanceStatus } from "../../providers/provider.ts";
import { holders, isOurs, uptimeEvidence } from "../jobs/holders.ts";
import type { State } from "../state.ts";
import type { Watcher } from "../watcher.ts";
import type { Member } from "./member.ts";

/**
 * A watcher's target as the decision sees it. `pools` are those that it is in, `said` is the engine's last word of it:
 * that may be ahead of the state, or of what a failed wake knows.
 */
export function memberOf(
  watcher: Watcher,
  pools: readonly PoolSpec[],
  said: InstanceStatus | undefined,
): Member {
  const { spec, state, around } = watcher;
  const cost = costOf(watcher);
  const leaves = leavesOf(state);
  const holds = stronger(holdsOf(state), heldAs(said));
  const idle = holds !== undefined && leaves === undefined && mayYield(watcher, pools);
  return {
    name: spec.name,
    pools: spec.pools,
    ...(cost !== undefined && { costBytes: cost }),
    ...(spec.costBytesIn && { costBytesIn: spec.costBytesIn }),
    ...(holds && { holds }),
    ...(leaves && { leaves }),
    ...(idle && { idleSince: watcher.activity.lastUse }),
    neededBy: holds === undefined ? [] : around.neededBy(),
  };
}

/** Declared, else measured; undefined: each pool's default. */
export function costOf({ spec, around }: Watcher): number | undefined {
  return spec.costBytes ?? around.store.target(spec.name)?.memoryBytes;
}

/** What a state takes of a pool. */
export function holdsOf(state: State): Member["holds"] | undefined {
  switch (state.kind) {
    case "ready":
    case "starting":
    case "stopping":
      return "awake";
    case "waking":
      if (state.step !== "room" || state.runs) return "awake";
      return state.wake.from === "paused" ? "memory" : undefined;
    case "napping":
      return state.how === "paused" ? "memory" : undefined;
    case "error":
      return state.seen ? "awake" : undefined;
    case "missing":
      // It may run: its engine is about to say.
      return state.why === "unlisted" ? "awake" : state.held;
  }
}

function heldAs(said: InstanceStatus | undefined): Member["holds"] | undefined {
  if (said === "running" || said === "restarting") return "awake";
  return said === "paused" ? "memory" : undefined;
}

function stronger(
  a: Member["holds"] | undefined,
  b: Member["holds"] | undefined,
): Member["holds"] | undefined {
  return a === "awake" || b === "awake" ? "awake" : (a ?? b);
}

function leavesOf(state: State): Member["leaves"] | undefined {
  if (state.kind !== "stopping") return undefined;
  if (state.whose === "foreign") return "stop";
  // What did not stop when it was asked to is no room that comes free.
  if (state.tries > 0) return undefined;
  return state.method === "pause" ? "pause" : "stop";
}

/** Whether it could be put to sleep now, by what can be seen without a look; who needs it is asked apart. */
function mayYield(watcher: Watcher, pools: readonly PoolSpec[]): boolean {
  const { spec, state, around, activity } = watcher;
  if (state.kind === "napping") return state.deeper !== undefined;
  if (state.kind !== "ready" && state.kind !== "error") return false;
  const run = state.kind === "error" ? (state.seen ?? state.paused?.seen) : state.seen;
  if (!run || spec.dryRun || !isOurs(watcher, run.run)) return false;
  if (state.kind === "ready" && uptimeEvidence(watcher, state)) return false;
  if (holders(watcher).some(({ source }) => source !== "needed")) return false;
  const unusedMs = around.clock.monotonic() - activity.lastUse;
  return unusedMs >= Math.max(0, ...pools.map(({ yieldAfterMs }) => yieldAfterMs));
}
