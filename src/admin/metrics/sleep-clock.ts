import type { Clock } from "../../lib/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { Watcher } from "../../watchers/watcher.ts";

interface Sums {
  asleepMs: number;
  awakeMs: number;
  byteSeconds: number;
  since: number;
  state: "asleep" | "awake" | "other";
}

/** How long each target slept and was awake since the start, without a timer: counted at moves and when asked. */
export class SleepClock implements Disposable {
  readonly #sums = new Map<string, Sums>();
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #subscription: Disposable;

  constructor(registry: Registry, clock: Clock, store: Store) {
    this.#registry = registry;
    this.#clock = clock;
    this.#store = store;
    this.#subscription = registry.moved.subscribe(({ watcher }) => this.#settle(watcher));
    this.settleAll();
  }

  /** Brings all sums up to now. Sums of targets that are gone stay. */
  settleAll(): ReadonlyMap<string, Readonly<Sums>> {
    for (const watcher of this.#registry.watchers) this.#settle(watcher);
    return this.#sums;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #settle(watcher: Watcher): void {
    const now = this.#clock.monotonic();
    const { kind } = watcher.state;
    const state = kind === "napping" ? "asleep" : kind === "ready" ? "awake" : "other";
    const sums = this.#sums.get(watcher.name);
    if (!sums) {
      this.#sums.set(watcher.name, { asleepMs: 0, awakeMs: 0, byteSeconds: 0, since: now, state });
      return;
    }
    const ms = now - sums.since;
    if (sums.state === "asleep") {
      sums.asleepMs += ms;
      sums.byteSeconds += (this.#store.target(watcher.name)?.memoryBytes ?? 0) * (ms / 1_000);
    } else if (sums.state === "awake") sums.awakeMs += ms;
    sums.since = now;
    sums.state = state;
  }
}
