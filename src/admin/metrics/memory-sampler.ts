import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { Watcher } from "../../watchers/watcher.ts";

/** By then an app has loaded what it works with. */
const AFTER_MS = 60_000;
const LIMIT_MS = 10_000;

/** Asks once in each wake how much memory the target holds: what is not held while it sleeps is told from that. */
export function sampleMemory(registry: Registry, clock: Clock): Disposable {
  const timers = new Map<string, Disposable>();
  const stop = new AbortController();
  const subscription = registry.moved.subscribe(({ watcher, after }) => {
    timers.get(watcher.name)?.[Symbol.dispose]();
    timers.delete(watcher.name);
    if (after.kind !== "ready" || !watcher.around.provider.can.has("usage")) return;
    const timer = clock.after(AFTER_MS, () => {
      timers.delete(watcher.name);
      // A figure that is missing is left out of the sums; nothing depends on it.
      sample(watcher, clock, stop.signal).catch(() => undefined);
    });
    timers.set(watcher.name, timer);
  });
  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      stop.abort(new Error("Wakegate is shutting down"));
      for (const timer of timers.values()) timer[Symbol.dispose]();
    },
  };
}

async function sample(watcher: Watcher, clock: Clock, signal: AbortSignal): Promise<void> {
  const { state, around, name } = watcher;
  if (state.kind !== "ready") return;
  using limit = deadline(clock, LIMIT_MS, `usage of ${name}`, signal);
  const usage = await around.provider.usage(state.seen.id, limit.signal);
  if (usage?.memoryBytes !== undefined && usage.memoryBytes > 0)
    around.store.update(name, { memoryBytes: Math.round(usage.memoryBytes) });
}
