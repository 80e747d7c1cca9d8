import type { Store } from "../../store/store.ts";
import type { DirectoryEntry } from "../handle.ts";
import type { Watcher } from "../watcher.ts";
import type { Plan } from "./plan.ts";

/**
 * Everything that has a route: targets, targets whose labels are wrong, and those that are known only from
 * before a restart, so that their hosts are never taken for unknown ones. Pure but for reading the store.
 */
export function directoryOf(
  plan: Plan,
  watchers: ReadonlyMap<string, Watcher>,
  store: Store,
  settled: boolean,
): readonly DirectoryEntry[] {
  const entries: DirectoryEntry[] = [...watchers.values()].map((handle) => ({
    name: handle.name,
    routes: handle.spec.routes,
    handle,
  }));
  for (const { name, routes, message } of plan.broken.values()) {
    entries.push({ name, routes, unavailable: message });
  }
  const taken = new Set(entries.map(({ name }) => name));
  for (const [name, { routes }] of store.targets()) {
    if (taken.has(name) || !routes || routes.length === 0) continue;
    const unavailable = settled
      ? `${name} was known here, but its container does not exist any more`
      : `${name} is known from before, but its engine has not been listed yet`;
    entries.push({ name, routes, unavailable });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
