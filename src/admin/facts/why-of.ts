import { listNames, spell } from "../text.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Evidence, WhyFacts } from "../ports.ts";

/** Why a watcher's target is awake or asleep, from what the watcher knows without asking an engine. */
export function whyOf(watcher: Watcher, clock: Clock): WhyFacts {
  const { state, spec, activity, around } = watcher;
  const mayNotWake = watcher.progress().mayNotWake;
  const rest = { notes: [], ...(mayNotWake && { mayNotWake }) };
  if (state.kind !== "ready") return { evidence: [], ...rest };
  const idle = spec.idleTimeoutMs;
  const agoMs = clock.monotonic() - activity.lastUse;
  const neededBy = around.neededBy();
  const exempt = around.exempt();
  const { leases } = activity;
  const held = leases.length > 0 || neededBy.length > 0 || exempt !== undefined;
  const counts = idle === undefined ? "no idle time is set" : `counts for ${spell(idle)}`;
  const sleepsAt =
    held || idle === undefined || around.dependencyOnly
      ? undefined
      : Math.round(clock.now() + Math.max(0, idle - agoMs));
  const evidence: Evidence[] = [
    {
      source: "requests",
      label: "Last request",
      holding: idle === undefined || agoMs < idle,
      detail: `${spell(agoMs)} ago, ${counts}`,
      ...(sleepsAt !== undefined && { until: sleepsAt }),
    },
    {
      source: "lease",
      label: "In use now",
      holding: leases.length > 0,
      detail: leases.length === 0 ? "nothing" : listNames(leases),
    },
    {
      source: "needed",
      label: "Needed by",
      holding: neededBy.length > 0,
      detail: neededBy.length === 0 ? "nothing awake" : listNames(neededBy),
    },
    ...(exempt === undefined
      ? []
      : [{ source: "exempt", label: "Never sleeps", holding: true, detail: exempt }]),
  ];
  return { evidence, ...(sleepsAt !== undefined && { sleepsAt }), ...rest };
}
