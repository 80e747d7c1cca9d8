import {
  dependencyCycles,
  routeConflicts,
  unknownDependencies,
  type CheckedTarget,
  type TargetPlace,
} from "../../config/cross-check.ts";
import { listenerConflicts } from "../../config/listener-check.ts";
import type { Problem } from "../../config/model.ts";
import { idOfWorkload } from "../../config/values/kubernetes.ts";
import type { InstanceIndex } from "./instance-index.ts";
import type { BrokenTarget, PlanInput, PlannedTarget } from "./plan.ts";

/**
 * The checks that only the whole allows. Targets that wait for each other could never wake: they are taken out
 * and told; whatever else is wrong is only told.
 */
export function checkTargets(
  input: PlanInput,
  targets: Map<string, PlannedTarget>,
  broken: Map<string, BrokenTarget>,
  index: InstanceIndex,
): readonly Problem[] {
  const resolved = [...targets.values()].map(({ spec, edges }) => ({
    ...spec,
    dependsOn: edges,
  }));
  resolved.sort((a, b) => (a.name < b.name ? -1 : 1));
  const cycles = dependencyCycles(resolved, place);
  for (const name of inCycles(targets)) {
    const target = targets.get(name);
    const told = cycles.find(({ message }) => message.includes(name))?.message ?? "it waits for itself";
    targets.delete(name);
    const { engine, instance } = target ?? {};
    broken.set(name, {
      name,
      routes: target?.spec.routes ?? [],
      message: `${name} cannot wake: ${told}`,
      ...(engine !== undefined && instance !== undefined && { at: { engine, instance } }),
    });
  }
  return [
    ...routeConflicts(resolved, place),
    ...listenerConflicts(resolved, input.reserved, place),
    ...cycles,
    ...(index.complete ? unknown(resolved, targets, broken) : []),
    ...withoutInstance(targets, index),
    ...(index.complete ? unlabelled(input, targets, broken) : []),
  ];
}

function unknown(
  resolved: readonly CheckedTarget[],
  targets: ReadonlyMap<string, PlannedTarget>,
  broken: ReadonlyMap<string, BrokenTarget>,
): readonly Problem[] {
  const advice = "neither a target nor a Compose service of the same project has this name";
  const known: Parameters<typeof unknownDependencies>[1] = (_, { name }) =>
    targets.has(name) || broken.has(name);
  return unknownDependencies(resolved, known, advice, place).map((problem) => ({
    ...problem,
    mayPass: true,
  }));
}

/** Targets of the file whose container or guest is not there. */
function withoutInstance(
  targets: ReadonlyMap<string, PlannedTarget>,
  index: InstanceIndex,
): readonly Problem[] {
  return [...targets.values()].flatMap(({ spec, instance }): Problem[] => {
    const { source, name, origin } = spec;
    if (!index.isListed(source.engine)) return [];
    const missing = { severity: "warning", where: origin, mayPass: true } as const;
    if ((source.kind === "docker" || source.kind === "swarm") && instance === undefined) {
      const [what, value] =
        source.kind === "docker" ? ["container", source.container] : ["service", source.service];
      const message = `there is no ${what} ${value} on ${source.engine} now: check the name, or create it`;
      return [{ ...missing, key: `targets.${name}.${source.kind}.${what}`, value, message }];
    }
    if (source.kind === "proxmox" && instance !== undefined && !index.byId(instance)) {
      const value = String(source.vmid);
      const message = `there is no guest ${value} on ${source.engine}, or Wakegate has no VM.Audit on it: check the number and the rights`;
      return [{ ...missing, key: `targets.${name}.proxmox.vmid`, value, message }];
    }
    if (source.kind === "kubernetes" && instance !== undefined && !index.byId(instance)) {
      const value = idOfWorkload(source);
      const message = `there is no such workload on ${source.engine} now, or its namespace is none of those that are looked at: check kind, name and namespace`;
      return [{ ...missing, key: `targets.${name}.kubernetes.workload`, value, message }];
    }
    return [];
  });
}

/** What the file says about a target that no container is labelled for. */
function unlabelled(
  { fileNames }: PlanInput,
  targets: ReadonlyMap<string, PlannedTarget>,
  broken: ReadonlyMap<string, BrokenTarget>,
): readonly Problem[] {
  return fileNames
    .filter(({ name }) => !targets.has(name) && !broken.has(name))
    .map(({ name, origin }): Problem => {
      const message = `no container is labelled for it: add docker.container, or label one wakegate.enable=true and wakegate.name=${name}`;
      return { severity: "warning", where: origin, key: `targets.${name}`, message, mayPass: true };
    });
}

/** Names of the targets that depend on themselves in the end. */
function inCycles(targets: ReadonlyMap<string, PlannedTarget>): readonly string[] {
  const reaches = (from: string, goal: string, seen: Set<string>): boolean =>
    (targets.get(from)?.edges ?? []).some(({ name }) => {
      if (name === goal) return true;
      if (seen.has(name)) return false;
      seen.add(name);
      return reaches(name, goal, seen);
    });
  return [...targets.keys()].filter((name) => reaches(name, name, new Set()));
}

const LABELS_OF = "labels of ";

const place: TargetPlace = (target, path) =>
  target.origin.startsWith("discover[")
    ? { where: target.origin, key: `${target.origin.replace(/ .*$/, "")}.${String(path[0])}` }
    : target.origin.startsWith(LABELS_OF)
      ? { where: target.origin.slice(LABELS_OF.length), key: `wakegate.${String(path[0])}` }
      : { where: target.origin, key: `targets.${target.name}.${path.join(".")}` };
