import { isDeepStrictEqual } from "node:util";
import { readLabels, type LabelReading } from "../../config/labels.ts";
import type { Settings, TargetSpec } from "../../config/model.ts";
import { WakegateError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { Emitter } from "../../lib/emitter.ts";
import type { Log } from "../../lib/log.ts";
import { untilTrue } from "../../lib/until-true.ts";
import type { Instance, InstanceSummary, Provider, ProviderError } from "../../providers/provider.ts";
import type { Machine } from "../../providers/inside/machine.ts";
import type { Store } from "../../store/store.ts";
import type { ReadProc } from "../activity/connections.ts";
import type { DirectoryEntry, TargetDirectory } from "../handle.ts";
import { needsDependencies, type State } from "../state.ts";
import { pauseRisk } from "../pause-risk.ts";
import { Watcher } from "../watcher.ts";
import { Askers } from "./askers.ts";
import { Comeback } from "./comeback.ts";
import { directoryOf } from "./directory.ts";
import { insideOf } from "../../config/inside.ts";
import { keepHouse, type House } from "./housekeeping.ts";
import { implicitTarget } from "./implicit.ts";
import { EngineView, type EngineViewListener } from "./engine-view.ts";
import { boundKey, makePlan, NO_PLAN, type Plan, type PlannedTarget } from "./plan.ts";
import { isUpAsMachine } from "./is-up-as-machine.ts";
import { nameOnEngine } from "./name-on-engine.ts";
import { ProblemLog } from "./problem-log.ts";
import { surroundingsOf, type Shared } from "./surroundings.ts";
import { unmanagedUsers } from "./unmanaged-users.ts";

export interface RegistryOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  /** Where the host's proc file system is readable. */
  readonly procDir?: string;
  /** Reads a file below it. Default: the file itself. */
  readonly readProc?: ReadProc;
}

/** A watcher changed state. */
export interface Moved {
  readonly watcher: Watcher;
  readonly before: State;
  readonly after: State;
}

/** A target and the container that it is now. */
export interface BehindTarget {
  readonly spec: TargetSpec;
  readonly instance?: InstanceSummary | Instance;
  /** The container whose network it uses. */
  readonly owner?: InstanceSummary;
}

interface Engine {
  readonly view: EngineView;
  readonly stop: AbortController;
  watching: Promise<void>;
}

/** A signal that makes most programs end. The others (HUP, USR1 …) are messages. */
const ENDING_SIGNALS = new Set(["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGABRT"]);

/**
 * Everything that Wakegate watches over: one view for each engine, one watcher for each target, kept in step
 * with the configuration and with what the engines list.
 */
export class Registry implements TargetDirectory, EngineViewListener, AsyncDisposable {
  readonly changed = new Emitter<void>();
  readonly moved = new Emitter<Moved>();
  readonly #options: RegistryOptions;
  #settings: Settings;
  readonly #engines = new Map<string, Engine>();
  readonly #watchers = new Map<string, Watcher>();
  /** Readings by instance id, with the labels that were read: a container's never change, a guest's may. */
  #readings = new Map<
    string,
    { readonly labels: InstanceSummary["labels"]; readonly reading: LabelReading }
  >();
  #plan: Plan = NO_PLAN;
  #entries: readonly DirectoryEntry[] | undefined;
  #settled = false;
  readonly #problems: ProblemLog;
  /** Addresses that asked for verdicts: proxies are never put to sleep. */
  readonly #askers = new Askers();
  readonly #comeback: Comeback;
  readonly #housekeeping: Disposable;
  #closing = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#problems = new ProblemLog(options.log);
    this.#comeback = new Comeback(options.clock);
    this.#housekeeping = keepHouse(this.#house);
    this.#makePlan();
  }

  get entries(): readonly DirectoryEntry[] {
    this.#entries ??= directoryOf(this.#plan, this.#watchers, this.#options.store, this.#settled, (name) =>
      this.#isDismissed(name),
    );
    return this.#entries;
  }

  /** A container of that name is there, but nobody wants it to be a target any more. */
  #isDismissed(name: string): boolean {
    for (const { view } of this.#engines.values()) {
      for (const instance of view.instances.values()) {
        const reading = this.#read(instance, view.engine);
        if (reading.name === name && reading.kind === "ignored" && reading.because !== "one-off") return true;
      }
    }
    return false;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** Why each engine that does not answer does not. */
  get outages(): ReadonlyMap<string, string> {
    const away = [...this.#engines].flatMap(([name, { view }]): [string, string][] =>
      view.outage === undefined ? [] : [[name, view.outage]],
    );
    return new Map(away);
  }

  watcher(name: string): Watcher | undefined {
    return this.#watchers.get(name);
  }

  /** A target as what runs in it sees it. */
  machine(name: string): Machine {
    const up = (): boolean | undefined => isUpAsMachine(this.#watchers.get(name)?.state);
    return {
      name,
      get up() {
        return up();
      },
      changed: this.moved,
    };
  }

  get watchers(): Iterable<Watcher> {
    return this.#watchers.values();
  }

  whenSettled(signal: AbortSignal): Promise<void> {
    return untilTrue(this.changed, () => this.#settled, signal);
  }

  /** Begins to follow an engine. Takes ownership of the provider. */
  addEngine(provider: Provider): void {
    const stop = new AbortController();
    const view = new EngineView(provider, this.#options.clock, this, stop.signal);
    this.#settled = false;
    const engine: Engine = { view, stop, watching: Promise.resolve() };
    this.#engines.set(provider.engine, engine);
    // Known before it speaks: a provider may list at once.
    engine.watching = provider.watch(view, stop.signal);
  }

  /** Forgets an engine that the configuration does not name any more. */
  async removeEngine(name: string): Promise<void> {
    const engine = this.#engines.get(name);
    if (!engine) return;
    this.#engines.delete(name);
    this.#settled = this.#everythingListed();
    this.#makePlan();
    engine.stop.abort(new WakegateError("removed", `engine ${name} was removed from the configuration`));
    await engine.watching;
    await engine.view.provider[Symbol.asyncDispose]();
  }

  /** What stands behind each target that is one by itself. Without an instance: it is gone, for now or for good. */
  *behind(): Iterable<BehindTarget> {
    for (const { spec, engine, instance: id, dependencyOnly } of this.#plan.targets.values()) {
      if (dependencyOnly) continue;
      const view = this.#engines.get(engine)?.view;
      const instance = id === undefined ? undefined : view?.instances.get(id);
      const owner = instance?.networkOwner === undefined ? undefined : view?.find(instance.networkOwner);
      yield { spec, ...(instance && { instance }), ...(owner && { owner }) };
    }
    for (const { name, spec } of this.#watchers.values()) if (!this.#plan.targets.has(name)) yield { spec };
  }

  /** Inspects an instance now and remembers. Throws what the provider throws. */
  async inspect(engine: string, id: string, signal: AbortSignal): Promise<Instance | undefined> {
    return await this.#engines.get(engine)?.view.inspect(id, signal);
  }

  /** How many containers an engine listed, targets or not. */
  instancesOf(engine: string): number {
    return this.#engines.get(engine)?.view.instances.size ?? 0;
  }

  engineNames(): readonly string[] {
    return [...this.#engines.keys()];
  }

  /** Takes a changed configuration: only targets that differ notice. */
  configure(settings: Settings): void {
    const before = this.#settings.fileTargets;
    this.#settings = settings;
    this.#readings = new Map();
    this.#makePlan();
    for (const { name } of before) {
      const stays = settings.fileTargets.some((target) => target.name === name);
      // Taken out of the file by its owner: what it had is nobody's any more.
      if (!stays && !this.#plan.targets.has(name)) this.#options.store.forget(name);
    }
    this.#entries = undefined;
    this.changed.emit();
  }

  /** A peer asks for verdicts: should it be a target's container, it is the proxy and stays awake. */
  noteAsker(peer: string): void {
    if (!this.#askers.note(peer)) return;
    for (const watcher of this.#watchers.values()) watcher.activity.poke();
  }

  onListed(view: EngineView): void {
    const known = new Set(view.instances.keys());
    for (const id of this.#readings.keys())
      if (!known.has(id) && !this.#listedElsewhere(id)) this.#readings.delete(id);
    this.#settled = this.#everythingListed();
    this.#makePlan();
    this.#tellUnlisted();
    for (const [name, target] of this.#plan.targets) {
      if (target.engine !== view.engine) continue;
      const seen = target.instance === undefined ? undefined : view.instances.get(target.instance);
      // What may run needs an inspection: only that tells one run from another.
      if (seen && (seen.status === "running" || seen.status === "restarting")) view.lookAt(seen.id);
      else this.#watchers.get(name)?.see(seen);
      // So does what is paused: by us, it is stopped later.
      if (seen?.status === "paused") view.lookAt(seen.id);
    }
    this.changed.emit();
  }

  onInspected(view: EngineView, id: string, instance: Instance | undefined): void {
    const bound = this.#boundTo(view.engine, id);
    const known = this.#readings.get(id)?.reading;
    const candidates = this.#candidates(view, instance);
    const relabelled = known !== this.#readings.get(id)?.reading;
    if (!instance || !bound || candidates > 1 || relabelled) this.#makePlan();
    const target = this.#boundTo(view.engine, id) ?? bound;
    if (target && instance) this.#warnOfPause(target.spec, instance);
    if (target) this.#watchers.get(target.spec.name)?.see(instance);
    else this.#pokeNeeded(view.engine);
  }

  #warnOfPause(spec: TargetSpec, instance: Instance): void {
    const risk = pauseRisk(spec, instance);
    if (risk === undefined) return;
    const message = `${spec.name} is to be paused, but ${risk}.`;
    this.#problems.once(`pause ${spec.name} ${risk}`, "pause_risky", message, { target: spec.name });
  }

  /** An unmanaged container changed: whoever was awake for it alone may sleep now. */
  #pokeNeeded(engine: string): void {
    for (const target of this.#plan.targets.values()) {
      if (target.engine === engine) this.#watchers.get(target.spec.name)?.activity.poke();
    }
  }

  onStopSignal(view: EngineView, id: string, signal: string | undefined): void {
    const target = this.#boundTo(view.engine, id);
    if (!target || signal === undefined) return;
    const seen = view.instances.get(id);
    const own = seen && "stopSignal" in seen ? seen.stopSignal : undefined;
    if (!ENDING_SIGNALS.has(signal) && signal !== own) return;
    this.#watchers.get(target.spec.name)?.dispatch({ type: "stop-signal" });
  }

  onAway(view: EngineView, error: ProviderError): void {
    for (const [name, target] of this.#plan.targets) {
      if (target.engine !== view.engine) continue;
      this.#watchers.get(name)?.dispatch({ type: "engine-away", message: error.message });
    }
    this.#options.log.warn("engine_away", `engine ${view.engine} does not answer: ${error.message}`, {
      engine: view.engine,
      code: error.code,
    });
    this.#entries = undefined;
    this.changed.emit();
  }

  #everythingListed(): boolean {
    return [...this.#engines.values()].every(({ view }) => view.everListed);
  }

  /** Who asks for their hosts is told no reason, so the log has it. */
  #tellUnlisted(): void {
    if (!this.#settled) return;
    for (const { name, handle, unavailable } of this.entries) {
      if (handle || unavailable === undefined || this.#plan.broken.has(name)) continue;
      this.#problems.once(`unlisted ${name}`, "target_unlisted", unavailable, { target: name });
    }
  }

  #boundTo(engine: string, id: string): PlannedTarget | undefined {
    const name = this.#plan.bound.get(boundKey(engine, id));
    return name === undefined ? undefined : this.#plan.targets.get(name);
  }

  /** How many containers claim the same target as this one. */
  #candidates(view: EngineView, instance: Instance | undefined): number {
    if (!instance) return 0;
    const { name } = this.#read(instance, view.engine);
    let count = 0;
    for (const other of view.instances.values()) if (this.#read(other, view.engine).name === name) count++;
    return count;
  }

  #listedElsewhere(id: string): boolean {
    return [...this.#engines.values()].some(({ view }) => view.instances.has(id));
  }

  #read(instance: InstanceSummary, engine: string): LabelReading {
    const { id, labels } = instance;
    const cached = this.#readings.get(id);
    if (cached && (cached.labels === labels || isDeepStrictEqual(cached.labels, labels)))
      return cached.reading;
    const reading = readLabels(instance, engine, this.#settings);
    this.#readings.set(id, { labels, reading });
    return reading;
  }

  #makePlan(): void {
    if (this.#closing) return;
    const plan = makePlan({
      engines: [...this.#engines.values()].map(({ view }) => ({
        engine: view.engine,
        instances: [...view.instances.values()],
        listed: view.everListed,
        ...(view.self && { selfId: view.self.id }),
        inside: insideOf(this.#settings.engines, view.engine),
      })),
      fileTargets: this.#settings.targets,
      fileNames: this.#settings.fileTargets,
      reserved: [this.#settings.listen, this.#settings.publicListen],
      read: (instance, engine) => this.#read(instance, engine),
      implicit: (instance, engine) => implicitTarget(instance, engine, this.#settings),
    });
    this.#plan = plan;
    this.#problems.tell(plan.problems, [...plan.broken.values()]);
    this.#syncWatchers();
    this.#tellFollowed();
    this.#entries = undefined;
    this.changed.emit();
  }

  /** Engines without events look only at what is a target. */
  #tellFollowed(): void {
    for (const { view } of this.#engines.values()) {
      if (!view.provider.follow) continue;
      const own = [...this.#plan.targets.values()].filter(({ engine }) => engine === view.engine);
      view.provider.follow(new Set(own.flatMap(({ instance }) => instance ?? [])));
    }
  }

  #syncWatchers(): void {
    for (const [name, target] of this.#plan.targets) {
      const watcher = this.#watchers.get(name);
      if (!watcher) this.#addWatcher(target);
      else if (watcher.around.provider !== this.#engines.get(target.engine)?.view.provider) {
        this.#watchers.delete(name);
        void watcher.close(new WakegateError("removed", `${name} is on another engine now`));
        this.#addWatcher(target);
      }
      // Readings are kept, so an unchanged target nearly always has the same spec.
      else if (watcher.spec !== target.spec && !isDeepStrictEqual(watcher.spec, target.spec)) {
        watcher.reconfigure(target.spec);
        this.#rememberRoutes(target.spec);
      }
    }
    for (const [name, watcher] of this.#watchers) {
      if (this.#plan.targets.has(name)) continue;
      if (this.#keep(watcher)) {
        watcher.see(undefined);
        continue;
      }
      this.#watchers.delete(name);
      void watcher.close(new WakegateError("removed", `${name} is not a target any more`));
    }
  }

  /** A labelled container that vanished keeps its route: it may be recreated any moment. */
  #keep(watcher: Watcher): boolean {
    const { source, name } = watcher.spec;
    if (
      nameOnEngine(source) === undefined ||
      this.#plan.broken.has(name) ||
      this.#settings.targets.some((t) => t.name === name)
    )
      return false;
    const view = this.#engines.get(source.engine)?.view;
    if (!view) return false;
    for (const instance of view.instances.values()) {
      if (this.#read(instance, view.engine).name === name) return false;
    }
    return !watcher.around.dependencyOnly;
  }

  #addWatcher(target: PlannedTarget): void {
    const { name } = target.spec;
    const engine = this.#engines.get(target.engine);
    if (!engine) return;
    const { view } = engine;
    const around = surroundingsOf(this.#shared(), view, {
      locate: (signal) => this.#locate(name, view, signal),
      edges: () =>
        (this.#plan.targets.get(name)?.edges ?? []).map((spec) => {
          const dependency = this.#watchers.get(spec.name);
          return { spec, ...(dependency && { dependency }) };
        }),
      neededBy: () => this.#neededBy(name, view),
      exempt: () => this.#exempt(name, view),
      planned: () => this.#plan.targets.get(name),
    });
    const watcher = new Watcher(target.spec, around);
    this.#watchers.set(name, watcher);
    watcher.moved.subscribe(({ before, after }) => this.#onMoved(watcher, before, after));
    this.#rememberRoutes(target.spec);
    if (!engine.view.everListed) return;
    const seen = target.instance === undefined ? undefined : engine.view.instances.get(target.instance);
    if (seen?.status === "running" && !("runId" in seen)) engine.view.lookAt(seen.id);
    else watcher.see(seen);
  }

  #shared(): Shared {
    const caddyAdmin = (): string | undefined => this.#settings.caddyAdmin;
    return { ...this.#options, askers: this.#askers, comeback: this.#comeback, caddyAdmin };
  }

  get #house(): House {
    return {
      ...this.#options,
      complete: () => this.#settled && this.outages.size === 0,
      exists: (name) => {
        const { targets, broken } = this.#plan;
        return (
          targets.has(name) || broken.has(name) || this.#settings.fileTargets.some((t) => t.name === name)
        );
      },
      forget: (name) => {
        void this.#watchers.get(name)?.close(new WakegateError("removed", `${name} does not exist any more`));
        this.#watchers.delete(name);
        this.#entries = undefined;
        this.changed.emit();
      },
      clockSet: (ms) => {
        for (const watcher of this.#watchers.values()) watcher.clockSet(ms);
      },
    };
  }

  #rememberRoutes({ name, routes, displayName }: TargetSpec): void {
    if (routes.length > 0) this.#options.store.update(name, { routes, displayName });
  }

  #onMoved(watcher: Watcher, before: State, after: State): void {
    this.moved.emit({ watcher, before, after });
    if (needsDependencies(before) === needsDependencies(after)) return;
    for (const { name } of this.#plan.targets.get(watcher.name)?.edges ?? [])
      this.#watchers.get(name)?.activity.poke();
  }

  /** Inspects what the target is now. When it is gone under its id, it may have been recreated under its name. */
  async #locate(name: string, view: EngineView, signal: AbortSignal): Promise<Instance | undefined> {
    const target = this.#plan.targets.get(name);
    const byId = target?.instance === undefined ? undefined : await view.inspect(target.instance, signal);
    if (byId) return byId;
    const source = this.#watchers.get(name)?.spec.source;
    const again = source && nameOnEngine(source);
    if (again === undefined) return undefined;
    const found = await view.inspect(again, signal);
    if (found) this.#makePlan();
    return found;
  }

  #neededBy(name: string, view: EngineView): readonly string[] {
    const target = this.#plan.targets.get(name);
    const managed = (this.#plan.dependants.get(name) ?? []).filter((dependant) => {
      const watcher = this.#watchers.get(dependant);
      return watcher !== undefined && needsDependencies(watcher.state);
    });
    const self = target?.instance === undefined ? undefined : view.instances.get(target.instance);
    if (!self) return managed;
    const isTarget = (id: string): boolean => this.#boundTo(view.engine, id) !== undefined;
    return [...managed, ...unmanagedUsers(self, view.instances.values(), isTarget)];
  }

  #exempt(name: string, view: EngineView): string | undefined {
    const source = this.#watchers.get(name)?.spec.source;
    if (source?.kind === "machine" && !source.sleeps) return "nothing says how to put it to sleep";
    const target = this.#plan.targets.get(name);
    const seen = target?.instance === undefined ? undefined : view.instances.get(target.instance);
    if (!seen || !this.#askers.is(seen)) return undefined;
    const message = `${name} asks Wakegate for verdicts: it is the proxy or the SSO, and is never put to sleep. Remove its wakegate.enable label.`;
    this.#problems.once(`asker ${name}`, "proxy_is_target", message, { target: name });
    return "it asks Wakegate for verdicts";
  }

  /** Stops following engines and closes all watchers. No running app is touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#housekeeping[Symbol.dispose]();
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher[Symbol.asyncDispose]()));
    const engines = [...this.#engines.values()];
    for (const { stop } of engines)
      stop.abort(new WakegateError("shutting_down", "Wakegate is shutting down"));
    await Promise.all(engines.map(({ watching }) => watching));
    await Promise.all(engines.map(({ view }) => view.provider[Symbol.asyncDispose]()));
  }
}
