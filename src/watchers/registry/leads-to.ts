import type { PlannedTarget } from "./plan.ts";

/** Whether one depends on the other, over however many steps. */
export function leadsTo(targets: ReadonlyMap<string, PlannedTarget>, from: string, to: string): boolean {
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
