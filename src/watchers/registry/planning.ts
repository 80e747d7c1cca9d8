import { insideOf } from "../../config/inside.ts";
import { onceFor } from "../../lib/once-for.ts";
import type { Settings, TargetSpec } from "../../config/model.ts";
import type { Instance, InstanceSummary } from "../../providers/provider.ts";
import type { Engines } from "./engines.ts";
import type { EngineView } from "./engine-view.ts";
import { implicitTarget } from "./implicit.ts";
import {
  makePlan,
  NO_PLAN,
  type BrokenTarget,
  type Plan,
  type PlanEngine,
  type PlannedTarget,
} from "./plan.ts";
import { nameOnEngine } from "../../config/name-on-engine.ts";
import { Named } from "./named.ts";
import { Readings } from "./readings.ts";

/** Made once for each list: it is asked for many of thousands of names. */
export const namesIn = onceFor(
  (targets: readonly { readonly name: string }[]): ReadonlySet<string> =>
    new Set(targets.map(({ name }) => name)),
);

/** A target and the container that it is now. */
export interface BehindTarget {
  readonly spec: TargetSpec;
  readonly instance?: InstanceSummary | Instance;
  /** The container whose network it uses. */
  readonly owner?: InstanceSummary;
  /** The port that answered, where the image declares several and nothing says which one it is. */
  readonly provenPort?: number;
}

/** What cannot be served although a container was meant for it: its routes are kept. */
export interface BehindBroken {
  readonly broken: BrokenTarget;
  readonly engine: string;
  readonly instance: InstanceSummary | Instance;
}

/** The plan that holds now, and the questions to it that need the listings and labels it was made from. */
export class Planning {
  readonly readings: Readings;
  readonly #engines: Engines;
  #settings: Settings;
  readonly #named = new WeakMap<EngineView, Named>();
  #plan: Plan = NO_PLAN;

  constructor(settings: Settings, engines: Engines) {
    this.#settings = settings;
    this.#engines = engines;
    this.readings = new Readings(settings);
  }

  get plan(): Plan {
    return this.#plan;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Takes other settings; the plan is the old one until it is made anew. */
  configure(settings: Settings): void {
    this.#settings = settings;
    this.readings.reset(settings);
  }

  /** Makes the plan anew from what is known now. */
  make(): Plan {
    const settings = this.#settings;
    this.#plan = makePlan({
      engines: this.#enginesForPlan(),
      fileTargets: settings.targets,
      fileNames: settings.fileTargets,
      reserved: [settings.listen, settings.publicListen],
      read: (instance, engine) => this.readings.read(instance, engine),
      implicit: (instance, engine) => implicitTarget(instance, engine, settings),
    });
    return this.#plan;
  }

  /** True once each engine, configured or followed, was listed completely. */
  get allListed(): boolean {
    return this.#enginesForPlan().every(({ listed }) => listed);
  }

  /** Engines that are configured but not followed yet count as not listed: nothing of theirs is missing. */
  #enginesForPlan(): readonly PlanEngine[] {
    const { engines, targets } = this.#settings;
    const names = new Set(this.#engines.names);
    for (const { name } of engines) if (!this.#engines.isRemoved(name)) names.add(name);
    if (targets.some(({ source }) => source.kind === "process")) names.add("process");
    return [...names].map((engine) => {
      const view = this.#engines.view(engine);
      return {
        engine,
        instances: [...(view?.instances.values() ?? [])],
        listed: view?.everListed === true,
        ...(view?.self && { selfId: view.self.id }),
        inside: insideOf(engines, engine),
      };
    });
  }

  boundTo(engine: string, id: string): PlannedTarget | undefined {
    const name = this.#plan.bound.get(engine)?.get(id);
    return name === undefined ? undefined : this.#plan.targets.get(name);
  }

  /** The instance that a target is now, as last seen. */
  instanceOf(name: string): InstanceSummary | Instance | undefined {
    const target = this.#plan.targets.get(name);
    if (target?.instance === undefined) return undefined;
    return this.#engines.view(target.engine)?.instances.get(target.instance);
  }

  /** How many instances of the engine claim the same target as this one, itself included. */
  candidates(view: EngineView, instance: Instance | undefined): number {
    if (!instance) return 0;
    const { name } = this.readings.read(instance, view.engine);
    return this.#namedOn(view).get(name).length;
  }

  /** A container of that name is there, but nobody wants it to be a target any more. */
  isDismissed(name: string): boolean {
    return this.#engines.views.some((view) =>
      this.#namedOn(view)
        .get(name)
        .some((instance) => {
          const reading = this.readings.read(instance, view.engine);
          return reading.kind === "ignored" && reading.because !== "one-off";
        }),
    );
  }

  /** A labelled container that vanished, and that nothing has taken the place of, may be recreated any moment. */
  mayComeBack({ source, name }: Pick<TargetSpec, "source" | "name">): boolean {
    if (nameOnEngine(source) === undefined || this.#plan.broken.has(name)) return false;
    if (namesIn(this.#settings.targets).has(name)) return false;
    const view = this.#engines.view(source.engine);
    return view !== undefined && this.#namedOn(view).get(name).length === 0;
  }

  /** True while a target of this name is planned, wrong, or in the file. */
  knows(name: string): boolean {
    const { targets, broken } = this.#plan;
    return targets.has(name) || broken.has(name) || namesIn(this.#settings.fileTargets).has(name);
  }

  /** What stands behind each target that is one by itself. Without an instance: it is gone, for now or for good. */
  *behind(): Iterable<BehindTarget> {
    for (const { spec, engine, dependencyOnly } of this.#plan.targets.values()) {
      if (dependencyOnly) continue;
      const instance = this.instanceOf(spec.name);
      const owner =
        instance?.networkOwner === undefined
          ? undefined
          : this.#engines.view(engine)?.find(instance.networkOwner);
      yield { spec, ...(instance && { instance }), ...(owner && { owner }) };
    }
  }

  /** What stands where a target should. */
  *behindBroken(): Iterable<BehindBroken> {
    for (const broken of this.#plan.broken.values()) {
      if (!broken.at) continue;
      const { engine } = broken.at;
      const instance = this.#engines.view(engine)?.instances.get(broken.at.instance);
      if (instance) yield { broken, engine, instance };
    }
  }

  #namedOn(view: EngineView): Named {
    let named = this.#named.get(view);
    if (!named) this.#named.set(view, (named = new Named(view, this.readings)));
    return named;
  }
}
