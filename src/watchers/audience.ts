import type { State } from "./state.ts";
import type { WakeEvent } from "./wake-events.ts";
import type { Watcher } from "./watcher.ts";

/** Who hears what happens to any watcher: one for all of them, where a listener at each would cost all that sleep. */
export interface Audience {
  /** It changed state, be it within the same kind. */
  stepped(watcher: Watcher, before: State, after: State): void;
  /** Something was told to those who follow it. */
  told(watcher: Watcher, event: WakeEvent): void;
  /** Its use began or ended, or something that its idle time depends on has changed. */
  stirred(watcher: Watcher): void;
}
