import { isReplacing, plainName } from "../../config/labels/identity.ts";
import { readComposeLabels } from "../../config/labels/compose.ts";
import type { LabelReading } from "../../config/labels.ts";
import type { Problem, RouteSpec, TargetSpec } from "../../config/model.ts";
import { idOfWorkload } from "../../config/values/kubernetes.ts";
import { guestId } from "../../config/values/proxmox.ts";
import type { InstanceSummary } from "../../providers/provider.ts";
import { newest, push } from "./instance-index.ts";
import type { BrokenTarget, PlanInput, PlannedTarget } from "./plan.ts";

/** Targets by name, and what is wrong with those that are none. */
export interface Claims {
  readonly targets: Map<string, PlannedTarget>;
  readonly broken: Map<string, BrokenTarget>;
  readonly problems: Problem[];
}

/** The targets that labels and the file name, without their dependencies. */
export function claimTargets(input: PlanInput): Claims {
  const claims: Claims = { targets: new Map(), broken: new Map(), problems: [] };
  const { targets, broken, problems } = claims;
  const byFile = new Map(input.fileTargets.map((spec) => [spec.name, spec]));
  for (const { engine, instances, selfId } of input.engines) {
    const claimed = new Map<string, InstanceSummary[]>();
    for (const instance of instances) {
      if (readComposeLabels(instance.labels).oneOff) continue;
      const reading = input.read(instance, engine);
      if (instance.id !== selfId) {
        problems.push(...reading.problems);
        if (reading.kind !== "ignored") push(claimed, reading.name, instance);
      } else if (reading.kind !== "ignored") problems.push(selfProblem(instance, engine));
    }
    for (const [name, claimants] of claimed) {
      const owner = byFile.get(name);
      const instances = claimants.filter((one) => !owner || isOf(owner, one, engine));
      const strangers = claimants.filter((one) => !instances.includes(one));
      if (owner) problems.push(...strangers.map((one) => takenName(one, name, engine, owner)));
      const chosen = newest(instances);
      if (!chosen) continue;
      const others = instances.filter((one) => one !== chosen && !isReplacing(one, chosen));
      problems.push(...others.map((one) => duplicate(one, chosen, name, engine, input)));
      claim(input.read(chosen, engine), chosen, engine, claims);
    }
  }
  for (const spec of input.fileTargets) {
    if (targets.has(spec.name) || broken.has(spec.name)) continue;
    targets.set(spec.name, planned(spec, spec.source.engine, instanceOf(spec)));
  }
  return claims;
}

/** Where the source alone says which instance it is, listed or not. */
function instanceOf({ name, source }: TargetSpec): string | undefined {
  if (source.kind === "kubernetes") return idOfWorkload(source);
  if (source.kind === "proxmox") return guestId(source.engine, source.vmid);
  return source.kind === "process" || source.kind === "machine" ? name : undefined;
}

/** Enters the target of one container, or why there is none. */
function claim(
  reading: LabelReading,
  instance: InstanceSummary,
  engine: string,
  { targets, broken, problems }: Claims,
): void {
  const { name } = reading;
  const already = targets.get(name);
  const routes =
    reading.kind === "target" ? reading.spec.routes : reading.kind === "invalid" ? reading.routes : [];
  if (already) {
    targets.delete(name);
    const both = twoEngines(name, already, engine, routes);
    broken.set(name, both);
    const where = `container ${instance.name} (${engine})`;
    problems.push({ severity: "error", where, key: "wakegate.name", value: name, message: both.message });
  } else if (broken.has(name)) return;
  else if (reading.kind === "target") targets.set(name, planned(reading.spec, engine, instance.id));
  else {
    const message = badLabels(name, reading.problems);
    broken.set(name, { name, routes, message, at: { engine, instance: instance.id } });
  }
}

/** Whether this is the instance that the file's target names: labels take nothing from the file. */
function isOf(spec: TargetSpec, instance: InstanceSummary, engine: string): boolean {
  const { source } = spec;
  if (source.engine !== engine) return false;
  if (source.kind === "docker")
    return plainName(instance) === plainName({ ...instance, name: source.container });
  return source.kind === "swarm" ? instance.name === source.service : instance.id === instanceOf(spec);
}

function takenName(instance: InstanceSummary, name: string, engine: string, owner: TargetSpec): Problem {
  return {
    severity: "error",
    where: `container ${instance.name} (${engine})`,
    key: "wakegate.name",
    value: name,
    message: `the configuration file gives this name to another container (${owner.origin}); the container is no target. Give it another wakegate.name.`,
  };
}

const NONE: readonly never[] = [];

/** A target before its dependencies are known. */
export function planned(spec: TargetSpec, engine: string, instance: string | undefined): PlannedTarget {
  return {
    spec,
    engine,
    ...(instance !== undefined && { instance }),
    dependencyOnly: false,
    oneShot: false,
    edges: NONE,
    companions: NONE,
  };
}

function badLabels(name: string, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error");
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${String(errors.length - 1)} more)` : "";
  return `the labels of ${name} are wrong: ${first ? `${first.key}: ${first.message}` : "no target could be made of them"}${more}. wakegate check lists everything.`;
}

function twoEngines(
  name: string,
  first: PlannedTarget,
  second: string,
  routes: readonly RouteSpec[],
): BrokenTarget {
  const message = `${name} exists on two engines, ${first.engine} and ${second}. Give one of the containers another wakegate.name.`;
  const { engine, instance } = first;
  return {
    name,
    routes: [...first.spec.routes, ...routes],
    message,
    ...(instance !== undefined && { at: { engine, instance } }),
  };
}

function duplicate(
  other: InstanceSummary,
  chosen: InstanceSummary,
  name: string,
  engine: string,
  input: PlanInput,
): Problem {
  const rule = input.read(other, engine);
  if (rule.kind === "target" && rule.spec.discoveredBy !== undefined) {
    const key = rule.spec.discoveredBy.replace(/ .*$/, "");
    const message = `the rule takes several containers as ${name}: ${chosen.name} counts, this one does not. Name the service that answers: match.service.`;
    return {
      severity: "warning",
      where: `container ${other.name} (${engine})`,
      key: `${key}.match`,
      message,
      mayPass: true,
    };
  }
  return {
    severity: "warning",
    where: `container ${other.name} (${engine})`,
    key: "wakegate.name",
    value: name,
    message: `is another container of the target ${name}: ${chosen.name} counts, this one is left alone. Remove it, or give it its own wakegate.name.`,
    mayPass: true,
  };
}

function selfProblem(instance: InstanceSummary, engine: string): Problem {
  return {
    severity: "warning",
    where: `container ${instance.name} (${engine})`,
    key: "wakegate.enable",
    value: "true",
    message: "is Wakegate itself and is never put to sleep. Remove the label.",
  };
}
