import type { Clock } from "../../lib/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { State } from "../../watchers/state.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Evidence } from "../ports.ts";
import { EngineWatch } from "./engine-watch.ts";
import { sleeplessNews, stopNews, wakeNews, type News } from "./news.ts";

/** What news are found by. */
export interface NewsSources {
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: Clock;
  /** Read anew each time: a reload may change it. */
  readonly engineGraceMs: () => number;
  /** What holds a target awake now. */
  readonly evidence: (target: string) => readonly Evidence[];
  readonly tell: (news: News) => void;
  /** What was told of a target is over: it may be told again. */
  readonly over: (key: string) => void;
}

const HOUR_MS = 3_600_000;
const SLEEPLESS_DAYS = 7;

/** Looks for what people should know. Dispose to end. */
export class NewsWatch implements Disposable {
  readonly #sources: NewsSources;
  readonly #subscriptions: readonly Disposable[];
  readonly #engines: EngineWatch;
  #hourly: Disposable;

  constructor(sources: NewsSources) {
    this.#sources = sources;
    const { registry } = sources;
    this.#engines = new EngineWatch(sources);
    this.#subscriptions = [
      registry.moved.subscribe(({ watcher, after }) => this.#moved(watcher, after)),
      registry.stepped.subscribe((watcher) => this.#stepped(watcher)),
      registry.changed.subscribe(() => this.#engines.look()),
    ];
    this.#engines.look();
    this.#hourly = this.#wait();
  }

  [Symbol.dispose](): void {
    this.#hourly[Symbol.dispose]();
    this.#engines[Symbol.dispose]();
    for (const each of this.#subscriptions) each[Symbol.dispose]();
  }

  #moved({ name, displayName }: Watcher, after: State): void {
    const { clock, tell, over } = this.#sources;
    if (after.kind === "error") tell(wakeNews({ name, displayName, at: clock.now() }, after.failure));
    if (after.kind === "ready") for (const event of ["wake_failed", "crash_loop"]) over(`${event} ${name}`);
    if (after.kind === "napping")
      for (const event of ["stop_failed", "never_slept"]) over(`${event} ${name}`);
  }

  /** A stop that failed is tried again in the same kind of state. */
  #stepped({ state, name, displayName }: Watcher): void {
    if (state.kind !== "stopping" || state.whose !== "ours" || state.tries === 0) return;
    const { clock, tell } = this.#sources;
    tell(stopNews({ name, displayName, at: clock.now() }, state.tries, state.method));
  }

  #wait(): Disposable {
    return this.#sources.clock.after(HOUR_MS, () => {
      this.#hourly = this.#wait();
      for (const watcher of this.#sources.registry.watchers) this.#lookForSleep(watcher);
    });
  }

  /** Only what could sleep is missed: no pins, no `idle_timeout: never`, nothing that others need. */
  #lookForSleep(watcher: Watcher): void {
    const { store, clock, evidence, tell } = this.#sources;
    const { name, displayName, spec, state, orders } = watcher;
    if (state.kind !== "ready" || spec.idleTimeoutMs === undefined || orders.pinned) return;
    if (watcher.around.dependencyOnly) return;
    const since = store.target(name)?.awakeSince;
    const at = clock.now();
    if (since === undefined || at - since < SLEEPLESS_DAYS * 24 * HOUR_MS) return;
    const days = Math.floor((at - since) / (24 * HOUR_MS));
    const holding = evidence(name).flatMap((each) => (each.holding ? [`${each.label}: ${each.detail}`] : []));
    tell(
      sleeplessNews(
        { name, displayName, at },
        days,
        holding.map((text) => text.replaceAll("\u00a0", " ")),
      ),
    );
  }
}
