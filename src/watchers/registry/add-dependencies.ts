import { readComposeLabels } from "../../config/labels/compose.ts";
import type { DependencySpec } from "../../config/model.ts";
import type { InstanceSummary } from "../../providers/provider.ts";
import { planned } from "./claim-targets.ts";
import { addScopes } from "./add-scopes.ts";
import { addGroups } from "./add-groups.ts";
import type { InstanceIndex } from "./instance-index.ts";
import type { PlanInput, PlannedTarget } from "./plan.ts";

/** Resolves what each target depends on and adds the containers of the same project that nobody labelled. */
export function addDependencies(
  input: PlanInput,
  targets: Map<string, PlannedTarget>,
  index: InstanceIndex,
): void {
  const ownerOf = new Map<string, string>();
  for (const { instance, spec } of targets.values())
    if (instance !== undefined) ownerOf.set(instance, spec.name);
  const parts = new Map<string, readonly string[]>();
  const queue = [...targets.values()];
  for (let target = queue.shift(); target; target = queue.shift()) {
    const { engine, spec } = target;
    const self = target.instance === undefined ? undefined : index.byId(target.instance);
    const project = self && readComposeLabels(self.labels).project;
    const resolve = (name: string): string | undefined => {
      if (targets.has(name)) return name;
      const service = project === undefined ? undefined : index.byService(engine, project, name);
      const instance = service ?? index.byName(engine, name);
      if (!instance) return name;
      return join(instance);
    };
    const join = (instance: InstanceSummary): string | undefined => {
      const owner = ownerOf.get(instance.id);
      if (owner !== undefined) return owner;
      // Hands off: its owner said so.
      if (input.read(instance, engine).enable !== "unset") return undefined;
      const implicit = input.implicit(instance, engine);
      if (!implicit) return undefined;
      const added = { ...planned(implicit, engine, instance.id), dependencyOnly: true };
      targets.set(added.spec.name, added);
      ownerOf.set(instance.id, added.spec.name);
      queue.push(added);
      return added.spec.name;
    };
    const edges = new Map<string, DependencySpec>();
    for (const { name, condition } of [
      ...machineDependency(input, engine),
      ...spec.dependsOn,
      ...networkDependency(self, index, engine),
    ]) {
      const resolved = resolve(name);
      if (resolved === undefined) continue;
      // Two edges to one target: the stronger condition holds.
      const before = edges.get(resolved);
      if (!before || before.condition === "service_started")
        edges.set(resolved, { name: resolved, condition });
    }
    if (edges.size > 0) target.edges = [...edges.values()];
    if (spec.scope === "project" && self && project !== undefined) {
      const others = index.byProject(engine, project).filter(({ id }) => id !== self.id);
      parts.set(spec.name, [...new Set(others.flatMap((part) => join(part) ?? []))]);
    }
  }
  addScopes(targets, parts);
  addGroups(targets);
  markOneShots(targets);
}

/** A dependency that everybody needs only to have run to completion. */
function markOneShots(targets: ReadonlyMap<string, PlannedTarget>): void {
  const conditions = new Map<string, boolean>();
  for (const { edges } of targets.values()) {
    for (const { name, condition } of edges) {
      const completes = condition === "service_completed_successfully";
      conditions.set(name, completes && conditions.get(name) !== false);
    }
  }
  for (const target of targets.values()) {
    if (target.dependencyOnly) target.oneShot = conditions.get(target.spec.name) === true;
  }
}

/** Nothing runs in a machine that sleeps. */
function machineDependency({ engines }: PlanInput, engine: string): readonly DependencySpec[] {
  const inside = engines.find((one) => one.engine === engine)?.inside;
  return inside === undefined ? [] : [{ name: inside, condition: "service_healthy" }];
}

/** Whoever uses another's network namespace cannot start without it. */
function networkDependency(
  self: InstanceSummary | undefined,
  index: InstanceIndex,
  engine: string,
): readonly DependencySpec[] {
  if (self?.networkOwner === undefined) return [];
  const owner = index.byId(self.networkOwner) ?? index.byName(engine, self.networkOwner);
  return owner ? [{ name: owner.name, condition: "service_started" }] : [];
}
