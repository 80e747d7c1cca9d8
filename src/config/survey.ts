import type { EngineSnapshot, InstanceSummary } from "../providers/provider.ts";
import {
  dependencyCycles,
  routeConflicts,
  unknownDependencies,
  type CheckedTarget,
  type TargetPlace,
} from "./cross-check.ts";
import { readComposeLabels } from "./labels/compose.ts";
import { identityOf } from "./labels/identity.ts";
import { readLabels, type LabelReading } from "./labels.ts";
import type { Problem, Settings, TargetSpec } from "./model.ts";

/** The containers of one engine; undefined when it could not be asked. */
export interface EngineListing {
  readonly engine: string;
  readonly snapshot?: EngineSnapshot;
}

/** Which targets the configuration and the containers that are there make, and what is wrong with them. */
export interface Survey {
  readonly targets: readonly TargetSpec[];
  readonly problems: readonly Problem[];
}

interface Seen {
  readonly instance: InstanceSummary;
  readonly engine: string;
  readonly reading: LabelReading;
}

/** Puts labels and file together for all containers, with the checks that only the whole allows. Pure. */
export function survey(settings: Settings, listings: readonly EngineListing[]): Survey {
  const problems: Problem[] = [];
  const seen = listings.flatMap(({ engine, snapshot }) => {
    const { current, warnings } = newest(engine, snapshot?.instances ?? []);
    problems.push(...warnings);
    return current
      .filter(({ id }) => id !== snapshot?.selfId)
      .map((instance): Seen => ({ instance, engine, reading: readLabels(instance, engine, settings) }));
  });
  problems.push(...seen.flatMap(({ reading }) => reading.problems), ...selfProblems(settings, listings));
  const complete = listings.every(({ snapshot }) => snapshot !== undefined);
  const byName = new Map<string, Seen | undefined>();
  const targets: TargetSpec[] = [];
  for (const each of seen) {
    if (each.reading.kind !== "target") continue;
    const other = byName.get(each.reading.name);
    if (other) problems.push(sameName(each, other));
    else {
      byName.set(each.reading.name, each);
      targets.push(each.reading.spec);
    }
  }
  const invalid = new Set(seen.flatMap(({ reading }) => (reading.kind === "invalid" ? [reading.name] : [])));
  for (const target of settings.targets) {
    if (byName.has(target.name) || invalid.has(target.name)) continue;
    targets.push(target);
    const listed = listings.find(({ engine }) => engine === target.source.engine)?.snapshot;
    if (target.source.kind === "docker" && listed)
      problems.push(noContainer(target, target.source.container));
    if (target.source.kind === "proxmox" && listed) problems.push(noGuest(target, target.source.vmid));
  }
  if (complete) {
    const known = new Set([...targets.map(({ name }) => name), ...invalid]);
    for (const { name, origin } of settings.fileTargets.filter((file) => !known.has(file.name))) {
      const message = `no container is labelled for it: add docker.container, or label one wakegate.enable=true and wakegate.name=${name}`;
      problems.push({ severity: "warning", where: origin, key: `targets.${name}`, message });
    }
  }
  const resolved = targets.map((target) => resolveDependencies(target, seen));
  problems.push(...routeConflicts(targets, place), ...dependencyCycles(resolved, place));
  if (complete) {
    const names = new Set([...targets.map(({ name }) => name), ...invalid]);
    const advice = "neither a target nor a Compose service of the same project has this name";
    const found = (target: CheckedTarget, { name }: { name: string }): boolean =>
      names.has(name) || serviceOf(target.name, name, seen) !== undefined;
    problems.push(...unknownDependencies(targets, found, advice, place));
  }
  return { targets: targets.sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

/** Of containers with one identity only the newest counts. */
function newest(
  engine: string,
  instances: readonly InstanceSummary[],
): { current: InstanceSummary[]; warnings: Problem[] } {
  const current = new Map<string, InstanceSummary>();
  const warnings: Problem[] = [];
  for (const instance of [...instances].sort((a, b) => b.createdAt - a.createdAt)) {
    if (readComposeLabels(instance.labels).oneOff) continue;
    const identity = identityOf(instance);
    const other = current.get(identity);
    if (!other) current.set(identity, instance);
    else if (instance.labels["wakegate.enable"] !== undefined) {
      const message = `is left aside: ${other.name} is the same target and newer`;
      warnings.push({
        severity: "warning",
        where: `container ${instance.name} (${engine})`,
        key: "",
        message,
      });
    }
  }
  return { current: [...current.values()], warnings };
}

function selfProblems(settings: Settings, listings: readonly EngineListing[]): Problem[] {
  return listings.flatMap(({ engine, snapshot }) =>
    (snapshot?.instances ?? []).flatMap((instance): Problem[] => {
      if (instance.id !== snapshot?.selfId || readLabels(instance, engine, settings).kind === "ignored")
        return [];
      const message = "is left aside: Wakegate runs in this container itself";
      return [{ severity: "warning", where: `container ${instance.name} (${engine})`, key: "", message }];
    }),
  );
}

function sameName({ instance, engine, reading }: Seen, other: Seen): Problem {
  const message = `${other.instance.name} on ${other.engine} has this name already: set another wakegate.name on one of them`;
  return {
    severity: "error",
    where: `container ${instance.name} (${engine})`,
    key: "wakegate.name",
    value: reading.name,
    message,
  };
}

function noContainer(target: TargetSpec, container: string): Problem {
  const message = `there is no container ${container} on ${target.source.engine} now: check the name, or create it`;
  const key = `targets.${target.name}.docker.container`;
  return { severity: "warning", where: target.origin, key, value: container, message };
}

function noGuest(target: TargetSpec, vmid: number): Problem {
  const message = `there is no guest ${String(vmid)} on ${target.source.engine}, or Wakegate has no VM.Audit on it: check the number and the rights`;
  const key = `targets.${target.name}.proxmox.vmid`;
  return { severity: "warning", where: target.origin, key, value: String(vmid), message };
}

function resolveDependencies(target: TargetSpec, seen: readonly Seen[]): TargetSpec {
  const dependsOn = target.dependsOn.map((dependency) => ({
    ...dependency,
    name: serviceOf(target.name, dependency.name, seen)?.reading.name ?? dependency.name,
  }));
  return { ...target, dependsOn };
}

/** The container of a Compose service in the project of a target. */
function serviceOf(target: string, service: string, seen: readonly Seen[]): Seen | undefined {
  const own = seen.find(({ reading }) => reading.name === target);
  const project = own && readComposeLabels(own.instance.labels).project;
  if (!own || project === undefined) return undefined;
  return seen.find(({ instance, engine }) => {
    const compose = readComposeLabels(instance.labels);
    return engine === own.engine && compose.project === project && compose.service === service;
  });
}

const LABELS_OF = "labels of ";

const place: TargetPlace = (target, path) =>
  target.origin.startsWith(LABELS_OF)
    ? { where: target.origin.slice(LABELS_OF.length), key: `wakegate.${String(path[0])}` }
    : { where: target.origin, key: `targets.${target.name}.${path.join(".")}` };
