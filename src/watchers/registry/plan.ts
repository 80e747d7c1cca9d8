import type { LabelReading } from "../../config/labels.ts";
import type { DependencySpec, Problem, RouteSpec, TargetSpec } from "../../config/model.ts";
import type { ListenAddress } from "../../config/model/stream.ts";
import type { InstanceSummary } from "../../providers/provider.ts";
import { checkTargets } from "./check-targets.ts";
import { claimTargets } from "./claim-targets.ts";
import { addDependencies } from "./add-dependencies.ts";
import { indexOf } from "./instance-index.ts";

/** One engine as the plan sees it. */
export interface PlanEngine {
  readonly engine: string;
  readonly instances: Iterable<InstanceSummary>;
  /** Wakegate's own container: never a target. */
  readonly selfId?: string;
  /** False while the engine has not been listed: then nothing can be said to be missing. */
  readonly listed: boolean;
  /** The target that it runs in: what all of its own depend on. */
  readonly inside?: string | undefined;
}

export interface PlanInput {
  readonly engines: readonly PlanEngine[];
  /** Targets of the file that name their source. */
  readonly fileTargets: readonly TargetSpec[];
  /** Everything that the file gives a name, also what needs a labelled container to be complete. */
  readonly fileNames: readonly { readonly name: string; readonly origin: string }[];
  /** Addresses that Wakegate's own listeners take. */
  readonly reserved: readonly ListenAddress[];
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
  /** Parts of it that depend on it: woken after it, put to sleep before it. */
  companions: readonly string[];
}

/** Targets that cannot be served, with the reason. */
export interface BrokenTarget {
  readonly name: string;
  readonly routes: readonly RouteSpec[];
  readonly message: string;
  /** The container that should have been it, where there is one. */
  readonly at?: { readonly engine: string; readonly instance: string };
}

export interface Plan {
  readonly targets: ReadonlyMap<string, PlannedTarget>;
  readonly broken: ReadonlyMap<string, BrokenTarget>;
  readonly problems: readonly Problem[];
  /** Who depends on whom, the other way round. */
  readonly dependants: ReadonlyMap<string, readonly string[]>;
  /** Of which targets each companion is a part. */
  readonly wholes: ReadonlyMap<string, readonly string[]>;
  /** Names of targets by engine and instance. */
  readonly bound: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Before anything is known. */
export const NO_PLAN: Plan = {
  targets: new Map(),
  broken: new Map(),
  problems: [],
  dependants: new Map(),
  wholes: new Map(),
  bound: new Map(),
};

/** Makes targets out of what the file says and what the engines list. Pure. */
export function makePlan(input: PlanInput): Plan {
  const index = indexOf(input.engines);
  const { targets, broken, problems } = claimTargets(input);
  addDependencies(input, targets, index);
  problems.push(...checkTargets(input, targets, broken, index));
  const dependants = invert(targets, ({ edges }) => edges.map(({ name }) => name));
  const wholes = invert(targets, ({ companions }) => companions);
  return { targets, broken, problems, dependants, wholes, bound: boundIn(targets) };
}

function boundIn(targets: ReadonlyMap<string, PlannedTarget>): Plan["bound"] {
  const bound = new Map<string, Map<string, string>>();
  for (const [name, { engine, instance }] of targets) {
    if (instance === undefined) continue;
    const onEngine = bound.get(engine);
    if (onEngine) onEngine.set(instance, name);
    else bound.set(engine, new Map([[instance, name]]));
  }
  return bound;
}

function invert(
  targets: ReadonlyMap<string, PlannedTarget>,
  namesOf: (target: PlannedTarget) => readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const inverted = new Map<string, string[]>();
  for (const target of targets.values()) {
    for (const name of namesOf(target)) inverted.set(name, [...(inverted.get(name) ?? []), target.spec.name]);
  }
  return inverted;
}
