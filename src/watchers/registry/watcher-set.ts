import { isDeepStrictEqual } from "node:util";
import type { RouteSpec, TargetSpec } from "../../config/model.ts";
import { WakegateError } from "../../errors.ts";
import { Emitter } from "../../lib/emitter.ts";
import { isUp, needsDependencies, type State } from "../state.ts";
import type { Pools } from "../pools/pools.ts";
import type { Audience } from "../audience.ts";
import type { WakeEvent } from "../wake-events.ts";
import { Watcher } from "../watcher.ts";
import type { Engines } from "./engines.ts";
import type { PlannedTarget } from "./plan.ts";
import type { Planning } from "./planning.ts";
import { TargetSurroundings, type Shared } from "./surroundings.ts";
import { TargetAnswers, type AnswerSources } from "./target-answers.ts";

/** A watcher changed state. */
export interface Moved {
  readonly watcher: Watcher;
  readonly before: State;
  readonly after: State;
}

/** A watcher told something to those who follow its target. */
export interface Told {
  readonly watcher: Watcher;
  readonly event: WakeEvent;
}

export interface WatcherSetOptions {
  readonly engines: Engines;
  readonly planning: Planning;
  readonly shared: Shared;
  readonly pools: Pools;
  /** Where what watchers may ask about their targets is answered from. */
  readonly answers: AnswerSources;
  /** Makes the plan anew, and watchers after it. */
  readonly replan: () => void;
}

/** How long what a rule found may be missing: updates remove a container and create it anew. */
const RECREATED_MS = 30_000;

/** One watcher for each target, kept in step with the plan. */
export class WatcherSet implements AsyncDisposable {
  /** For those who count and record: a target changed to another kind of state, or needs others now, or no more. */
  readonly moved = new Emitter<Moved>();
  /** Any change of a target's state. */
  readonly stepped = new Emitter<Watcher>();
  readonly told = new Emitter<Told>();
  readonly #options: WatcherSetOptions;
  readonly #watchers = new Map<string, Watcher>();
  readonly #audience: Audience = {
    stepped: (watcher, before, after) => this.#onStep(watcher, before, after),
    told: (watcher, event) => this.told.emit({ watcher, event }),
    stirred: ({ name }) => {
      // A part that is in use keeps the whole awake, and no longer than that.
      for (const whole of this.#options.planning.plan.wholes.get(name) ?? [])
        this.#watchers.get(whole)?.activity.poke();
    },
  };
  #again: Disposable | undefined;

  constructor(options: WatcherSetOptions) {
    this.#options = options;
  }

  get(name: string): Watcher | undefined {
    return this.#watchers.get(name);
  }

  all(): Iterable<Watcher> {
    return this.#watchers.values();
  }

  /** Makes, changes and closes watchers until they are those of the plan. */
  sync(): void {
    const { engines, planning } = this.#options;
    const { targets } = planning.plan;
    for (const [name, target] of targets) {
      const watcher = this.#watchers.get(name);
      if (!watcher) this.#add(target);
      else if (watcher.around.provider !== engines.view(target.engine)?.provider) {
        this.remove(name, `${name} is on another engine now`);
        this.#add(target);
      }
      // Readings are kept, so an unchanged target nearly always has the same spec.
      else if (watcher.spec !== target.spec && !isDeepStrictEqual(watcher.spec, target.spec)) {
        watcher.reconfigure(target.spec);
        this.#rememberRoutes(target.spec);
      }
    }
    let nextMs = Infinity;
    for (const [name, watcher] of this.#watchers) {
      if (targets.has(name)) continue;
      const leftMs = this.#mayComeBackMs(watcher);
      nextMs = Math.min(nextMs, leftMs === 0 ? Infinity : leftMs);
      if (leftMs > 0) watcher.see(undefined);
      else this.remove(name, `${name} is not a target any more`);
    }
    this.#lookAgainIn(nextMs);
    // Who needs whom may be another matter now: what was awake for somebody who is gone looks at its clock again.
    for (const { activity } of this.#watchers.values()) activity.poke();
  }

  /** How long it is still waited for. What a rule found is gone for good after a while: there may be dozens a day. */
  #mayComeBackMs({ spec, around, state }: Watcher): number {
    if (!this.#options.planning.mayComeBack(spec) || around.dependencyOnly) return 0;
    if (spec.discoveredBy === undefined) return Infinity;
    const gone = state.kind === "missing" ? this.#options.shared.clock.now() - state.since : 0;
    return Math.max(0, RECREATED_MS - Math.max(0, gone));
  }

  #lookAgainIn(ms: number): void {
    this.#again?.[Symbol.dispose]();
    this.#again = ms === Infinity ? undefined : this.#options.shared.clock.after(ms, this.#options.replan);
  }

  /** Closes a watcher; whoever waits for it is told why. */
  remove(name: string, why: string): void {
    const watcher = this.#watchers.get(name);
    this.#watchers.delete(name);
    void watcher?.close(new WakegateError("removed", why));
    this.#options.pools.review();
  }

  #add(target: PlannedTarget): void {
    const { engines, shared, answers } = this.#options;
    const { name } = target.spec;
    const view = engines.view(target.engine);
    if (!view) return;
    const around = new TargetSurroundings(shared, view, new TargetAnswers(name, view, answers));
    const watcher = new Watcher(target.spec, around, this.#audience);
    this.#watchers.set(name, watcher);
    this.#rememberRoutes(target.spec);
    // Its outage was reported when this target was not known yet.
    if (view.outage !== undefined) return watcher.dispatch({ type: "engine-away", message: view.outage });
    if (!view.everListed) return;
    const seen = target.instance === undefined ? undefined : view.instances.get(target.instance);
    if (seen?.status === "running" && !("runId" in seen)) view.lookAt(seen.id);
    else watcher.see(seen);
  }

  #onStep(watcher: Watcher, before: State, after: State): void {
    this.stepped.emit(watcher);
    if (before.kind !== after.kind || needsDependencies(before) !== needsDependencies(after))
      this.#onMoved(watcher, before, after);
  }

  #onMoved(watcher: Watcher, before: State, after: State): void {
    // Who has room is known before anybody acts on what happened.
    this.#options.pools.moved(watcher, after);
    this.moved.emit({ watcher, before, after });
    const { edges = [], companions = [] } = this.#options.planning.plan.targets.get(watcher.name) ?? {};
    if (needsDependencies(before) !== needsDependencies(after)) {
      for (const name of [...edges.map((edge) => edge.name), ...companions]) {
        this.#watchers.get(name)?.activity.poke();
      }
    }
    // Also after a sleep that somebody came in between: its companions sleep already. They wait for it by themselves.
    if (!isUp(before) && isUp(after)) {
      for (const name of companions) {
        this.#watchers.get(name)?.wake({ by: "dependant", host: watcher.name });
      }
    }
  }

  /** What rules find comes and goes by the dozen: that its hosts are known is said by the rule. */
  #rememberRoutes({ name, routes, displayName, discoveredBy }: TargetSpec): void {
    if (routes.length === 0 || discoveredBy !== undefined) return;
    const { clock, store } = this.#options.shared;
    const known = store.target(name)?.routes;
    // Kept when the container is recreated: who has a host for longer has the better claim to it.
    const since = ({ host, prefix }: RouteSpec): number =>
      known?.find((route) => route.host === host && route.prefix === prefix)?.since ?? clock.now();
    store.update(name, { routes: routes.map((route) => ({ ...route, since: since(route) })), displayName });
  }

  /** Closes all. No running app is touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#again?.[Symbol.dispose]();
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher[Symbol.asyncDispose]()));
  }
}
