import { leadsTo } from "./leads-to.ts";
import type { PlannedTarget } from "./plan.ts";

/**
 * Makes one of targets that comprise a whole project: its other parts become dependencies, and those that depend on
 * it themselves its companions. `parts` has the names of the other parts by target.
 */
export function addScopes(
  targets: Map<string, PlannedTarget>,
  parts: ReadonlyMap<string, readonly string[]>,
): void {
  // What others only need to have run is run by them, once.
  const oneShots = new Set(
    [...targets.values()].flatMap(({ edges }) =>
      edges.flatMap(({ name, condition }) => (condition === "service_completed_successfully" ? [name] : [])),
    ),
  );
  for (const [name, others] of parts) {
    const target = targets.get(name);
    if (!target) continue;
    const after = others.filter((other) => leadsTo(targets, other, name));
    target.companions = after;
    const before = others.filter(
      (other) =>
        !after.includes(other) && !oneShots.has(other) && !target.edges.some((edge) => edge.name === other),
    );
    target.edges = [
      ...target.edges,
      ...before.map((other) => ({ name: other, condition: "service_started" as const })),
    ];
  }
}
