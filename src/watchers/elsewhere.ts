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

  /** Nothing was heard of others for long: the engine says whether what is ready still is. Never rejects. */
  async verify(): Promise<void> {
    await this.#look((instance) => this.#watcher.see(instance));
  }

  /** An engine that does not answer is told of by its own view, and its events tell what was missed. */
  async #look(take: (instance: Instance | undefined) => void): Promise<void> {
    const { around, name } = this.#watcher;
    try {
      using limit = deadline(around.clock, LOOK_MS, `a look at ${name}`);
      take(await around.locate(limit.signal));
    } catch {
      return;
    }
  }
}
