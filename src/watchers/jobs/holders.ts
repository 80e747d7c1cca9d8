import type { Evidence } from "../activity/evidence.ts";
import { span } from "../say.ts";
import type { Ready } from "../state.ts";
import { firstTier } from "../tiers.ts";
import type { Workbench } from "../workbench.ts";

/** A request that was just let through may still be on its way to the app. */
const AFTER_PASS_MS = 2_000;

/** Everything that holds a target awake without a look at it, as evidence; empty: nothing does. */
export function holders({ activity, around, orders, spec }: Workbench): readonly Evidence[] {
  const exempt = around.exempt();
  const needed = around.neededBy();
  const { mayNotSleep } = around.coordination;
  return [
    ...(mayNotSleep?.kind === "nobody"
      ? [{ source: "replicas", kind: "in-use", detail: mayNotSleep.why } as const]
      : []),
    ...(exempt === undefined ? [] : [{ source: "exempt", kind: "in-use", detail: exempt } as const]),
    ...counted(activity.leases),
    ...around.coordination.usedElsewhere(spec.name),
    ...orders.keepsAwake(),
    ...(needed.length === 0
      ? []
      : [{ source: "needed", kind: "in-use", detail: needed.join(", "), who: needed } as const]),
  ];
}

/** One line for all leases of the same words: a database may have hundreds of connections of one app. */
function counted(leases: readonly string[]): readonly Evidence[] {
  const counts = new Map<string, number>();
  for (const what of leases) counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts].map(([what, n]) => {
    const detail = n === 1 ? what : `${String(n)} × ${what}`;
    return { source: "lease", kind: "in-use", detail, who: [what] };
  });
}

/** Whether we may stop this run: what only others depend on is ours if we started that very run. */
export function isOurs({ around, spec }: Workbench, run: string): boolean {
  return !around.dependencyOnly || around.store.target(spec.name)?.startedRun === run;
}

/** Milliseconds until the target counts as unused; undefined while something holds it awake, or for ever. */
export function dueInMs(bench: Workbench, state: Ready): number | undefined {
  const { spec, activity, around, orders, asked } = bench;
  const now = around.clock.monotonic();
  const afterPass = Math.max(activity.lastPass + AFTER_PASS_MS, bench.sleepNotBefore) - now;
  if (asked.how === "force") return Math.max(0, afterPass);
  if (holders(bench).length > 0) return undefined;
  const uptime = state.began + (spec.minUptimeMs ?? 0) - now;
  if (asked.how === "quiet" || orders.held) return Math.max(afterPass, bench.lookAgainAt - now);
  if (asked.how === "room") return isOurs(bench, state.seen.run) ? Math.max(afterPass, uptime) : undefined;
  if (around.dependencyOnly) {
    const due = Math.max(afterPass, uptime, bench.lookAgainAt - now);
    return isOurs(bench, state.seen.run) ? due : undefined;
  }
  const { afterMs } = firstTier(spec);
  if (afterMs === undefined) return undefined;
  return Math.max(activity.lastUse + afterMs - now, afterPass, uptime);
}

/** The rail `min_uptime` as evidence, while it holds. */
export function uptimeEvidence({ spec, around }: Workbench, state: Ready): Evidence | undefined {
  const left = state.began + (spec.minUptimeMs ?? 0) - around.clock.monotonic();
  if (left <= 0) return undefined;
  return { source: "uptime", kind: "in-use", detail: `min_uptime, ${span(left)} more` };
}
