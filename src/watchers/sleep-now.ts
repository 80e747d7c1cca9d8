import { writeIntent } from "./jobs/idle.ts";
import type { Watcher } from "./watcher.ts";

/**
 * Puts an awake target to sleep because a person said so, whatever uses it: who calls has looked at that. Resolves
 * to false when it was not awake (any more), or when the intent could not be written down first.
 *
 * @throws the signal's reason on abort.
 */
export async function sleepNow(watcher: Watcher, signal: AbortSignal): Promise<boolean> {
  const { state } = watcher;
  const seen = state.kind === "ready" || state.kind === "error" ? state.seen : undefined;
  if (!seen || !(await writeIntent(watcher, seen, signal))) return false;
  const { state: now } = watcher;
  if (!("seen" in now) || now.seen?.run !== seen.run || now.kind !== state.kind) {
    watcher.around.store.update(watcher.name, { stopIntent: undefined });
    return false;
  }
  watcher.dispatch({ type: "sleep", method: watcher.spec.stopMethod });
  return true;
}
