import { deadline } from "../lib/signals.ts";
import type { Instance, StopMethod } from "../providers/provider.ts";
import { sightingOf } from "./state.ts";
import type { Watcher } from "./watcher.ts";

/** A look at the engine that nobody waits for. */
const LOOK_MS = 10_000;

/** What other Wakegates do to a target. */
export class Elsewhere {
  readonly #watcher: Watcher;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  /**
   * Another one is about to stop it, within `ms` at the latest: nothing is let through until it is down, or until
   * that time is over, or `stopped`.
   */
  stops(method: StopMethod, ms: number): void {
    const until = this.#watcher.around.clock.now() + ms;
    this.#watcher.dispatch({ type: "stop-elsewhere", method, until });
  }

  /** The stop of another one is over: the engine says how it ended. Never rejects. */
  async stopped(): Promise<void> {
    const { state } = this.#watcher;
    await this.#look((instance) => {
      if (this.#watcher.state === state && state.kind === "stopping")
        this.#watcher.dispatch({ type: "settled", sighting: instance && sightingOf(instance) });
    });
  }

  /**
   * Asks the engine whether the target still runs, after a long time without contact to the other replicas.
   *
   * @returns whether the engine answered. Never rejects.
   */
  async verify(): Promise<boolean> {
    return this.#look((instance) => this.#watcher.see(instance));
  }

  /** The engine's own view reports an engine that does not answer, and its events tell what was missed. */
  async #look(take: (instance: Instance | undefined) => void): Promise<boolean> {
    const { around, name } = this.#watcher;
    let instance: Instance | undefined;
    try {
      using limit = deadline(around.clock, LOOK_MS, `a look at ${name}`);
      instance = await around.locate(limit.signal);
    } catch {
      return false;
    }
    take(instance);
    return true;
  }
}
