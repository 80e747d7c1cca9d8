import { firstTier } from "./tiers.ts";
import type { AskedHow, State } from "./state.ts";
import type { StopMethod } from "../providers/provider.ts";
import type { Watcher } from "./watcher.ts";

/** Who wants a target asleep before its own time. */
export class Asked {
  readonly #watcher: Watcher;
  #how: AskedHow | undefined;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  get how(): AskedHow | undefined {
    return this.#how;
  }

  /** A person wants it asleep now. */
  sleep(how: "quiet" | "force"): void {
    const { name, state, around, orders, activity } = this.#watcher;
    if (state.kind !== "ready" || around.exempt() !== undefined) return;
    if (how === "force") orders.unpin();
    this.#how = how;
    around.coordination.asked(name, how);
    activity.poke();
  }

  /** Others need its room. A person's own word is stronger. */
  makeRoom(): void {
    if (this.#how !== undefined) return;
    this.#how = "room";
    this.#tell();
  }

  /** A person wants it awake after all, or it is in use. What asked for its room is left alone. */
  cancel(): void {
    if (this.#how === "room") return;
    this.#how = undefined;
  }

  /** Nobody needs its room any more, or it is used. */
  keep(): void {
    if (this.#how !== "room") return;
    this.#how = undefined;
    this.#tell();
  }

  /** What was asked is done, or moot. */
  moved(before: State, after: State): void {
    if (before.kind !== after.kind) this.#how = undefined;
  }

  /** How it is put to sleep now. */
  get method(): StopMethod {
    const { spec, around } = this.#watcher;
    const { method } = firstTier(spec);
    // What is paused keeps its memory, which is what others need.
    if (this.#how !== "room" || method !== "pause" || !around.room.inBudget) return method;
    return spec.stopMethod === "pause" ? "stop" : spec.stopMethod;
  }

  #tell(): void {
    this.#watcher.activity.poke();
    this.#watcher.followers.changed.emit();
  }
}
