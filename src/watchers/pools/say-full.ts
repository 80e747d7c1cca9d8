import type { PoolSpec } from "../../config/model/pool.ts";
import { formatSize } from "../../config/values/size.ts";
import { holders, uptimeEvidence } from "../jobs/holders.ts";
import { span } from "../say.ts";
import type { Watcher } from "../watcher.ts";
import type { Waiting } from "./decide.ts";
import { add, NOTHING, takenBy, type Amount, type Shortage } from "./ledger.ts";
import type { Member } from "./member.ts";
import type { PoolWatchers } from "./pools.ts";

/** How many of those who hold a pool are named. */
const NAMED = 4;

/** What a wake wants that no pool could ever give, for the operator. */
export function neverText(name: string, { pool, wants }: NonNullable<Waiting["never"]>): string {
  const { maxAwake, budgetBytes } = pool;
  const places = maxAwake !== undefined && wants.awake > maxAwake;
  const [needs, has] = places
    ? [`${String(wants.awake)} places`, String(maxAwake)]
    : [formatSize(wants.bytes), formatSize(budgetBytes ?? 0)];
  return `${name} and what it needs take ${needs} of pool ${pool.name}, which has ${has}: it can never wake. Raise ${places ? "max_awake" : "budget"} of the pool, or lower what is declared as cost.`;
}

/** Who holds the pools that a wake waits for, and why they keep what they have: for the operator. */
export function whyFull(
  pools: readonly PoolSpec[],
  members: readonly Member[],
  shortage: Shortage | undefined,
  watchers: PoolWatchers,
): string {
  const short = pools.filter(({ name }) => shortage?.has(name));
  if (short.length === 0) return "others wait for the same pools and come first.";
  return `${short.map((pool) => poolText(pool, members, watchers)).join("; ")}.`;
}

function poolText(pool: PoolSpec, members: readonly Member[], watchers: PoolWatchers): string {
  const inside = members.filter(({ pools, holds }) => holds && pools.includes(pool.name));
  const taken = inside.map((member) => takenBy(member, pool, false)).reduce(add, NOTHING);
  const names = inside.slice(0, NAMED).map(({ name }) => {
    const watcher = watchers.get(name);
    return watcher ? `${name} (${reasonOf(watcher)})` : name;
  });
  const more = inside.length - names.length;
  const all = [...names, ...(more > 0 ? [`${String(more)} more`] : [])].join(", ");
  return `pool ${pool.name} has no room (${fillText(pool, taken)})${all && `: held by ${all}`}`;
}

/** `1 of 1 awake`, `14 GiB of 16 GiB`. */
export function fillText(
  { maxAwake, budgetBytes }: Pick<PoolSpec, "maxAwake" | "budgetBytes">,
  { awake, bytes }: Amount,
): string {
  return [
    ...(maxAwake === undefined ? [] : [`${String(awake)} of ${String(maxAwake)} awake`]),
    ...(budgetBytes === undefined ? [] : [`${formatSize(bytes)} of ${formatSize(budgetBytes)}`]),
  ].join(", ");
}

/** Why it keeps its room, in a few words. */
function reasonOf(watcher: Watcher): string {
  const { state, spec, insight, activity, around } = watcher;
  if (state.kind === "error") return "runs without answering";
  if (state.kind === "napping") return "paused";
  if (state.kind === "stopping")
    return state.whose === "ours" && state.tries > 0 ? "does not stop" : "going to sleep";
  if (state.kind !== "ready") return state.kind;
  const [holder] = holders(watcher);
  if (holder) return holder.source === "needed" ? `needed by ${holder.detail}` : holder.detail;
  if (spec.dryRun) return "dry run";
  const uptime = uptimeEvidence(watcher, state);
  if (uptime) return uptime.detail;
  const found =
    insight.heldSince === undefined
      ? undefined
      : insight.lastLook?.evidence.find(({ kind }) => kind === "in-use");
  if (found) return found.detail;
  return `last used ${span(around.clock.monotonic() - activity.lastUse)} ago`;
}
