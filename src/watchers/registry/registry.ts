import { goneHosts } from "../../config/discover.ts";
import type { Settings } from "../../config/model.ts";
import type { Clock } from "../../lib/clock.ts";
import { Emitter, type Subscribable } from "../../lib/emitter.ts";
import type { Log } from "../../lib/log.ts";
import { Rounds } from "../../lib/rounds.ts";
import { Lanes } from "../lanes.ts";
import { untilTrue } from "../../lib/until-true.ts";
import type { Machine } from "../../providers/inside/machine.ts";
import type { Instance, Provider } from "../../providers/provider.ts";
import type { Store } from "../../store/store.ts";
import type { ReadProc } from "../activity/connections.ts";
import type { Coordination } from "../coordination.ts";
import type { DirectoryEntry, TargetDirectory } from "../handle.ts";
import type { Probes } from "../readiness/probes.ts";
import type { Watcher } from "../watcher.ts";
import type { Pools } from "../pools/pools.ts";
import { Askers } from "./askers.ts";
import { Comeback } from "./comeback.ts";
import { directoryOf } from "./directory.ts";
import { EngineNews } from "./engine-news.ts";
import { Engines } from "./engines.ts";
import type { EngineView } from "./engine-view.ts";
import { keepHouse } from "./housekeeping.ts";
import type { Plan } from "./plan.ts";
import { isUpAsMachine } from "./is-up-as-machine.ts";
import { namesIn, Planning, type BehindBroken, type BehindTarget } from "./planning.ts";
import { poolsOf } from "./pools-of.ts";
import { ProblemLog } from "./problem-log.ts";
import { WatcherSet, type Moved, type Told } from "./watcher-set.ts";

export interface RegistryOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  /** The other Wakegates. Default: there are none. */
  readonly coordination?: Coordination;
  /** Where the host's proc file system is readable. */
  readonly procDir?: string;
  /** Reads a file below it. Default: the file itself. */
  readonly readProc?: ReadProc;
  /** Asks addresses whether somebody serves there. Default: over the network. */
  readonly probes?: Probes;
}

/** How long a use may wait before it is written down. */
const USES_WRITTEN_AFTER_MS = 2_000;

/**
 * Everything that Wakegate watches over: one view for each engine, one watcher for each target, kept in step
 * with the configuration and with what the engines list. Puts the parts together; each does its job elsewhere.
 */
export class Registry implements TargetDirectory, AsyncDisposable {
  readonly changed = new Emitter<void>();
  readonly #options: RegistryOptions;
  readonly #engines: Engines;
  readonly #planning: Planning;
  readonly #usesWritten: Rounds;
  readonly #lanes = new Lanes();
  readonly #watchers: WatcherSet;
  /** What targets share. */
  readonly pools: Pools;
  readonly #problems: ProblemLog;
  /** Addresses that asked for verdicts: proxies are never put to sleep. */
  readonly #askers = new Askers();
  readonly #housekeeping: Disposable;
  #entries: readonly DirectoryEntry[] | undefined;
  #settled = false;
  #closing = false;

  constructor(options: RegistryOptions) {
    const { clock, log, settings } = options;
    this.#options = options;
    this.#problems = new ProblemLog(log, clock);
    this.#engines = new Engines(clock, this.#news());
    this.#planning = new Planning(settings, this.#engines);
    this.#usesWritten = new Rounds(clock, USES_WRITTEN_AFTER_MS);
    this.pools = poolsOf(options, this.#planning, this.#engines, {
      get: (name) => this.#watchers.get(name),
      all: () => this.#watchers.all(),
    });
    this.#watchers = this.#watcherSet();
    this.#housekeeping = this.#keepHouse();
    this.#makePlan();
  }

  get entries(): readonly DirectoryEntry[] {
    if (this.#entries) return this.#entries;
    const { fileTargets } = this.#planning.settings;
    const fileHosts = new Map(
      fileTargets.flatMap(({ name, layer }) => (layer.hosts ? [[name, layer.hosts] as const] : [])),
    );
    this.#entries = directoryOf(
      this.plan,
      this.#watchers.all(),
      this.#options.store,
      this.#settled,
      (name) => this.#planning.isDismissed(name),
      (name) => fileHosts.has(name),
      goneHosts(this.#planning.settings.discover, this.#planning.settings.defaultsLayer),
      fileHosts,
    );
    return this.#entries;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get plan(): Plan {
    return this.#planning.plan;
  }

  get moved(): Subscribable<Moved> {
    return this.#watchers.moved;
  }

  /** Any change of a target's state, also within one kind. */
  get stepped(): Subscribable<Watcher> {
    return this.#watchers.stepped;
  }

  /** What is told to those who follow a target, of all targets. */
  get told(): Subscribable<Told> {
    return this.#watchers.told;
  }

  /** Why each engine that does not answer does not. */
  get outages(): ReadonlyMap<string, string> {
    return this.#engines.outages;
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
    return this.#watchers.all();
  }

  whenSettled(signal: AbortSignal): Promise<void> {
    return untilTrue(this.changed, () => this.#settled, signal);
  }

  /** Begins to follow an engine. Takes ownership of the provider. */
  addEngine(provider: Provider): void {
    this.#engines.add(provider);
    // What the file names on it is known before the engine answers, and also when it never does.
    this.#makePlan();
  }

  /** Forgets an engine that the configuration does not name any more. */
  async removeEngine(name: string): Promise<void> {
    const end = this.#engines.remove(name);
    if (!end) return;
    this.#makePlan();
    await end();
  }

  /** What stands behind each target that is one by itself. Without an instance: it is gone, for now or for good. */
  *behind(): Iterable<BehindTarget> {
    const { store } = this.#options;
    for (const behind of this.#planning.behind()) {
      const { provenPort } = store.target(behind.spec.name) ?? {};
      yield provenPort === undefined ? behind : { ...behind, provenPort };
    }
    for (const { name, spec } of this.#watchers.all()) if (!this.plan.targets.has(name)) yield { spec };
  }

  /** What stands where a target should. */
  behindBroken(): Iterable<BehindBroken> {
    return this.#planning.behindBroken();
  }

  /** Inspects an instance now and remembers. Throws what the provider throws. */
  async inspect(engine: string, id: string, signal: AbortSignal): Promise<Instance | undefined> {
    return await this.#engines.view(engine)?.inspect(id, signal);
  }

  /** How many containers an engine listed, targets or not. */
  instancesOf(engine: string): number {
    return this.#engines.view(engine)?.instances.size ?? 0;
  }

  /** What is known of each engine. */
  get views(): readonly EngineView[] {
    return this.#engines.views;
  }

  /** Who asked for verdicts since the start. */
  get askers(): Pick<Askers, "addresses" | "fromLoopback"> {
    return this.#askers;
  }

  engineNames(): readonly string[] {
    return this.#engines.names;
  }

  /** Takes a changed configuration: only targets that differ notice. */
  configure(settings: Settings): void {
    const before = this.#planning.settings.fileTargets;
    this.#planning.configure(settings);
    this.#makePlan();
    this.pools.configure(settings.pools);
    for (const { name } of before) {
      // Taken out of the file by its owner: what it had is nobody's any more.
      const stays = namesIn(settings.fileTargets).has(name);
      if (!stays && !this.plan.targets.has(name)) this.#options.store.forget(name);
    }
    this.#tell();
  }

  /** A peer asks for verdicts: should it be a target's container, it is the proxy and stays awake. */
  noteAsker(peer: string): void {
    if (!this.#askers.note(peer)) return;
    for (const watcher of this.#watchers.all()) watcher.activity.poke();
  }

  #makePlan(): void {
    if (this.#closing) return;
    const plan = this.#planning.make();
    this.#settled = this.#planning.allListed;
    this.#problems.tell(plan.problems, [...plan.broken.values()]);
    this.#watchers.sync();
    this.#engines.follow(plan);
    this.#tell();
  }

  #tell(): void {
    this.#entries = undefined;
    this.changed.emit();
  }

  /** Who asks for their hosts is told no reason, so the log has it. */
  #tellUnlisted(): void {
    if (!this.#settled) return;
    for (const { name, handle, unavailable } of this.entries) {
      if (handle || unavailable === undefined || this.plan.broken.has(name)) continue;
      this.#problems.once(`unlisted ${name}`, "target_unlisted", unavailable, { target: name });
    }
  }

  #news(): EngineNews {
    return new EngineNews(() => ({
      engines: this.#engines,
      planning: this.#planning,
      watchers: this.#watchers,
      problems: this.#problems,
      log: this.#options.log,
      replan: () => this.#makePlan(),
      told: () => {
        this.#tell();
        this.#tellUnlisted();
      },
    }));
  }

  #watcherSet(): WatcherSet {
    const sources = {
      planning: this.#planning,
      askers: this.#askers,
      problems: this.#problems,
      watchers: { get: (name: string) => this.#watchers.get(name) },
      pools: this.pools,
      replan: () => this.#makePlan(),
    };
    return new WatcherSet({
      engines: this.#engines,
      planning: this.#planning,
      pools: this.pools,
      shared: {
        ...this.#options,
        askers: this.#askers,
        comeback: new Comeback(this.#options.clock),
        usesWritten: this.#usesWritten,
        lanes: this.#lanes,
        caddyAdmin: () => this.#planning.settings.caddyAdmin,
      },
      answers: sources,
      replan: sources.replan,
    });
  }

  #keepHouse(): Disposable {
    return keepHouse({
      ...this.#options,
      complete: () => this.#settled && this.outages.size === 0,
      exists: (name) => this.#planning.knows(name),
      forget: (name) => {
        this.#watchers.remove(name, `${name} does not exist any more`);
        this.#tell();
      },
      clockSet: (ms) => {
        for (const watcher of this.#watchers.all()) watcher.clockSet(ms);
      },
    });
  }

  /** Stops following engines and closes all watchers. No running app is touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#housekeeping[Symbol.dispose]();
    this.#problems[Symbol.dispose]();
    this.pools[Symbol.dispose]();
    await this.#watchers[Symbol.asyncDispose]();
    this.#usesWritten[Symbol.dispose]();
    await this.#engines[Symbol.asyncDispose]();
  }
}
