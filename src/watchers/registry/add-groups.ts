import type { TargetSpec } from "../../config/model.ts";
import { leadsTo } from "./leads-to.ts";
import type { PlannedTarget } from "./plan.ts";

/**
 * Members of a group that nobody can ask for by themselves become dependencies of those that have hosts or
 * listeners. Two that can be asked for wake on their own: each has its own visitors. What depends on a target
 * already is left out, or the two would wait for each other.
 */
export function addGroups(targets: Map<string, PlannedTarget>): void {
  for (const target of targets.values()) {
    const { groups } = target.spec;
    if (!groups || !isAskedFor(target.spec)) continue;
    for (const member of targets.values()) {
      const { name, groups: others = [] } = member.spec;
      if (member.engine !== target.engine || isAskedFor(member.spec)) continue;
      if (!others.some((group) => groups.includes(group))) continue;
      if (target.edges.some((edge) => edge.name === name) || leadsTo(targets, name, target.spec.name))
        continue;
      target.edges = [...target.edges, { name, condition: "service_started" }];
    }
  }
}

function isAskedFor({ routes, tcp = [], udp = [], proxied = false }: TargetSpec): boolean {
  return routes.length > 0 || tcp.length > 0 || udp.length > 0 || proxied;
}
