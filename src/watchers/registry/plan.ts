import { readComposeLabels } from "../../config/labels/compose.ts";
import type { LabelReading } from "../../config/labels.ts";
import type { DependencySpec, Problem, RouteSpec, TargetSpec } from "../../config/model.ts";
import { guestId } from "../../config/values/proxmox.ts";
import type { InstanceSummary } from "../../providers/provider.ts";

/** One engine as the plan sees it. */
export interface PlanEngine {
  readonly engine: string;
  readonly instances: Iterable<InstanceSummary>;
  /** Wakegate's own container: never a target. */
  readonly selfId?: string;
}

export interface PlanInput {
  readonly engines: readonly PlanEngine[];
  /** Targets of the file that name their source. */
  readonly fileTargets: readonly TargetSpec[];
  readonly read: (instance: InstanceSummary, engine: string) => LabelReading;
  /** A target for a container that is none by itself, but that a target depends on. */
  readonly implicit: (instance: InstanceSummary, engine: string) => TargetSpec | undefined;
}

export interface PlannedTarget {
  readonly spec: TargetSpec;
  readonly engine: string;
  /** Id of the instance that it is now; unset: there is none. */
  readonly instance?: string;
  /** Exists only because others depend on it. */
  dependencyOnly: boolean;
  /** Others need it only to have run to completion. */
  oneShot: boolean;
  /** Names of targets, resolved. */
  edges: readonly DependencySpec[];
}

/** Targets that cannot be served, with the reason. */
export interface BrokenTarget {
  readonly name: string;
  readonly routes: readonly RouteSpec[];
  readonly message: string;
}

export interface Plan {
  readonly targets: ReadonlyMap<string, PlannedTarget>;
  readonly broken: ReadonlyMap<string, BrokenTarget>;
  readonly problems: readonly Problem[];
  /** Who depends on whom, the other way round. */
  readonly dependants: ReadonlyMap<string, readonly string[]>;
  /** Names of targets by {@link boundKey}. */
  readonly bound: ReadonlyMap<string, string>;
}

/** Before anything is known. */
export const NO_PLAN: Plan = {
  targets: new Map(),
  broken: new Map(),
  problems: [],
  dependants: new Map(),
  bound: new Map(),
};

/** An instance across engines. */
export function boundKey(engine: string, id: string): string {
  return `${engine}/${id}`;
}

/** Makes targets out of what the file says and what the engines list. Pure. */
export function makePlan(input: PlanInput): Plan {
  const targets = new Map<string, PlannedTarget>();
  const broken = new Map<string, BrokenTarget>();
  const problems: Problem[] = [];
  const services = new Map<string, InstanceSummary[]>();
  const byRef = new Map<string, InstanceSummary[]>();
  for (const { engine, instances, selfId } of input.engines) {
    const claims = new Map<string, InstanceSummary[]>();
    for (const instance of instances) {
      const { project, service, oneOff } = readComposeLabels(instance.labels);
      if (oneOff) continue;
      push(byRef, refKey(engine, instance.name), instance);
      if (project !== undefined && service !== undefined) {
        push(services, serviceKey(engine, project, service), instance);
      }
      const reading = input.read(instance, engine);
      if (instance.id !== selfId) {
        problems.push(...reading.problems);
        if (reading.kind !== "ignored") push(claims, reading.name, instance);
      } else if (reading.kind !== "ignored") problems.push(selfProblem(instance, engine));
    }
    for (const [name, instances] of claims) {
      const chosen = newest(instances);
      if (!chosen) continue;
      problems.push(
        ...instances.filter((one) => one !== chosen).map((one) => duplicate(one, chosen, name, engine)),
      );
      claim(input.read(chosen, engine), chosen.id, engine, targets, broken);
    }
  }
  for (const spec of input.fileTargets) {
    if (targets.has(spec.name) || broken.has(spec.name)) continue;
    targets.set(spec.name, planned(spec, spec.source.engine, instanceOf(spec)));
  }
  addDependencies(input, targets, services, byRef);
  const bound = new Map<string, string>();
  for (const [name, { engine, instance }] of targets) {
    if (instance !== undefined) bound.set(boundKey(engine, instance), name);
  }
  return { targets, broken, problems, dependants: invert(targets), bound };
}

/** Enters the target of one container, or why there is none. */
function claim(
  reading: LabelReading,
  instance: string,
  engine: string,
  targets: Map<string, PlannedTarget>,
  broken: Map<string, BrokenTarget>,
): void {
  const { name } = reading;
  const already = targets.get(name);
  const routes =
    reading.kind === "target" ? reading.spec.routes : reading.kind === "invalid" ? reading.routes : [];
  if (already) {
    targets.delete(name);
    broken.set(name, twoEngines(name, already, engine, routes));
  } else if (broken.has(name)) return;
  else if (reading.kind === "target") targets.set(name, planned(reading.spec, engine, instance));
  else broken.set(name, { name, routes, message: badLabels(name, reading.problems) });
}

/** Resolves what each target depends on and adds the containers of the same project that nobody labelled. */
function addDependencies(
  input: PlanInput,
  targets: Map<string, PlannedTarget>,
  services: ReadonlyMap<string, readonly InstanceSummary[]>,
  byRef: ReadonlyMap<string, readonly InstanceSummary[]>,
): void {
  const byId = new Map<string, InstanceSummary>();
  for (const { instances } of input.engines)
    for (const instance of instances) byId.set(instance.id, instance);
  const ownerOf = new Map<string, string>();
  for (const target of targets.values())
    if (target.instance !== undefined) ownerOf.set(target.instance, target.spec.name);
  const queue = [...targets.values()];
  for (let target = queue.shift(); target; target = queue.shift()) {
    const { engine, spec } = target;
    const self = target.instance === undefined ? undefined : byId.get(target.instance);
    const project = self && readComposeLabels(self.labels).project;
    const resolve = (name: string): string | undefined => {
      if (targets.has(name)) return name;
      const candidates = project === undefined ? undefined : services.get(serviceKey(engine, project, name));
      const instance = newest(candidates ?? byRef.get(refKey(engine, name)) ?? []);
      if (!instance) return name;
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
    const wanted = [...spec.dependsOn, ...networkDependency(self, byId, byRef, engine)];
    const edges = new Map<string, DependencySpec>();
    for (const { name, condition } of wanted) {
      const resolved = resolve(name);
      if (resolved === undefined || resolved === spec.name) continue;
      const before = edges.get(resolved);
      if (!before || before.condition === "service_started")
        edges.set(resolved, { name: resolved, condition });
    }
    target.edges = [...edges.values()];
  }
  for (const target of targets.values()) {
    if (!target.dependencyOnly) continue;
    const conditions = [...targets.values()].flatMap(({ edges }) =>
      edges.filter(({ name }) => name === target.spec.name).map(({ condition }) => condition),
    );
    target.oneShot = conditions.every((condition) => condition === "service_completed_successfully");
  }
}

/** Whoever uses another's network namespace cannot start without it. */
function networkDependency(
  self: InstanceSummary | undefined,
  byId: ReadonlyMap<string, InstanceSummary>,
  byRef: ReadonlyMap<string, readonly InstanceSummary[]>,
  engine: string,
): readonly DependencySpec[] {
  if (self?.networkOwner === undefined) return [];
  const owner = byId.get(self.networkOwner) ?? byRef.get(refKey(engine, self.networkOwner))?.[0];
  return owner ? [{ name: owner.name, condition: "service_started" }] : [];
}

/** Where the source alone says which instance it is, listed or not. */
function instanceOf({ name, source }: TargetSpec): string | undefined {
  if (source.kind === "proxmox") return guestId(source.engine, source.vmid);
  return source.kind === "process" ? name : undefined;
}

function planned(spec: TargetSpec, engine: string, instance: string | undefined): PlannedTarget {
  return {
    spec,
    engine,
    ...(instance !== undefined && { instance }),
    dependencyOnly: false,
    oneShot: false,
    edges: [],
  };
}

/** The newest counts, but one that was only created does not take over from one that runs: an update is under way. */
function newest(instances: readonly InstanceSummary[]): InstanceSummary | undefined {
  const [first, ...rest] = [...instances].sort((a, b) => b.createdAt - a.createdAt);
  if (first?.status !== "created") return first;
  return rest.find(({ status }) => status === "running" || status === "paused") ?? first;
}

function invert(targets: ReadonlyMap<string, PlannedTarget>): ReadonlyMap<string, readonly string[]> {
  const dependants = new Map<string, string[]>();
  for (const { spec, edges } of targets.values()) {
    for (const { name } of edges) dependants.set(name, [...(dependants.get(name) ?? []), spec.name]);
  }
  return dependants;
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
  return { name, routes: [...first.spec.routes, ...routes], message };
}

function duplicate(other: InstanceSummary, chosen: InstanceSummary, name: string, engine: string): Problem {
  return {
    severity: "warning",
    where: `container ${other.name} (${engine})`,
    key: "wakegate.name",
    value: name,
    message: `is another container of the target ${name}: ${chosen.name} counts, this one is left alone. Remove it, or give it its own wakegate.name.`,
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

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function refKey(engine: string, name: string): string {
  return `${engine}/${name}`;
}

function serviceKey(engine: string, project: string, service: string): string {
  return `${engine}/${project}/${service}`;
}
