import type { Subscribable } from "../../lib/emitter.ts";

/** The machine that an engine runs in, as far as the engine is concerned. */
export interface Machine {
  readonly name: string;
  /** True while it answers, false while it sleeps; undefined on the way up, and while nobody can tell. */
  readonly up: boolean | undefined;
  /** Emits after `up` may have changed. */
  readonly changed: Subscribable<unknown>;
}
