import type { Watcher } from "../watchers/watcher.ts";
import type { TargetControls } from "./ports.ts";

/** Pins and hold-downs of a watcher; undefined where the watchers cannot do that. */
export function controlsOf(watcher: Watcher): TargetControls | undefined {
  void watcher;
  return undefined;
}
