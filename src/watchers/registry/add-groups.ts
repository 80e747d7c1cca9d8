import type { TargetSpec } from "../../config/model.ts";
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

/** Whether one depends on the other, over however many steps. */
function leadsTo(targets: ReadonlyMap<string, PlannedTarget>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(targets.get(name)?.edges ?? []).map((edge) => edge.name));
  }
  return false;
}
