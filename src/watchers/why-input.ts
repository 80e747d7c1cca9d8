import { dueInMs, holders, uptimeEvidence } from "./jobs/holders.ts";
import { tierOf } from "./tier-of.ts";
import type { Watcher } from "./watcher.ts";
import type { WhyInput } from "./why.ts";

/** What `why` needs to know of a watcher, as it is now. */
export function whyInputOf(watcher: Watcher): WhyInput {
  const { spec, state, around, activity, orders } = watcher;
  const { lastLook, heldSince, wouldSleepSince } = watcher.insight;
  const { clock, store, provider } = around;
  const record = store.target(spec.name);
  const lastWake = record?.wakes?.at(-1);
  const mono = clock.monotonic();
  const due = state.kind === "ready" ? dueInMs(watcher, state) : undefined;
  const uptime = state.kind === "ready" ? uptimeEvidence(watcher, state) : undefined;
  const mayNotWake = orders.mayNotWake();
  const blind = (source: string): boolean =>
    lastLook?.evidence.some((evidence) => evidence.source === source && evidence.kind === "blind") === true;
  return {
    spec,
    state,
    engine: provider.engine,
    now: clock.now(),
    mono,
    unusedMs: Math.max(0, mono - activity.lastUse),
    ...(activity.lastRequest !== undefined && { sinceRequestMs: Math.max(0, mono - activity.lastRequest) }),
    ...(activity.last && { lastUse: activity.last }),
    users: activity.users.list(),
    holders: state.kind === "ready" ? holders(watcher) : [],
    ...(uptime && { uptime }),
    ...(lastLook && { lastLook }),
    ...(heldSince !== undefined && { heldSince }),
    ...(due !== undefined && { dueInMs: due }),
    ...(around.dependencyOnly && { dependencyOnly: true }),
    ...(watcher.room && { room: watcher.room }),
    ...(watcher.waitsFor !== undefined && { waitsFor: watcher.waitsFor }),
    ...(watcher.silentPort && { silentPort: watcher.silentPort }),
    ...(watcher.asked.how === "room" && { makesRoom: true }),
    ...(wouldSleepSince !== undefined && { wouldSleepMs: mono - wouldSleepSince }),
    ...(mayNotWake && { mayNotWake }),
    ...(orders.pinned && { pin: orders.pinned }),
    learned: watcher.learned(tierOf(state)),
    ...(lastWake && { lastWake }),
    ...(record?.lastActivity !== undefined && { lastActivity: record.lastActivity }),
    sees: {
      connections: around.readProc !== undefined && !blind("connections"),
      counters: provider.can.has("usage") && !blind("network"),
    },
  };
}
