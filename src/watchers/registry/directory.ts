import type { GoneHosts } from "../../config/discover.ts";
import type { RouteSpec } from "../../config/model.ts";
import type { Store } from "../../store/store.ts";
import type { ClaimedRoute, DirectoryEntry } from "../handle.ts";
import type { Watcher } from "../watcher.ts";
import type { Plan } from "./plan.ts";

/**
 * Everything that has a route: targets, targets whose labels are wrong, and those that are known only from
 * before a restart, so that their hosts are never taken for unknown ones. A route that somebody has now is not
 * kept for who had it before, nor one whose container is there but is no target any more. Pure but for reading
 * the store.
 */
export function directoryOf(
  plan: Plan,
  watchers: Iterable<Watcher>,
  store: Store,
  settled: boolean,
  isDismissed: (name: string) => boolean,
  isFromFile: (name: string) => boolean,
  goneHosts: readonly GoneHosts[],
  fileHosts: ReadonlyMap<string, readonly RouteSpec[]>,
): readonly DirectoryEntry[] {
  const entries: DirectoryEntry[] = [...watchers].map((handle) => ({
    name: handle.name,
    routes: claimed(handle.spec.routes, store.target(handle.name)?.routes, isFromFile(handle.name)),
    handle,
  }));
  for (const { name, routes, message } of plan.broken.values()) {
    const known = store.target(name)?.routes;
    entries.push({ name, routes: claimed(routes, known, isFromFile(name)), unavailable: message });
  }
  const taken = new Set(entries.map(({ name }) => name));
  const served = new Set(entries.flatMap(({ routes }) => routes.map(routeKey)));
  for (const [name, record] of store.targets()) {
    const routes = record.routes?.filter((route) => !served.has(routeKey(route))) ?? [];
    if (taken.has(name) || routes.length === 0 || isDismissed(name)) continue;
    const unavailable = settled
      ? `${name} was known here, but its container does not exist any more`
      : `${name} is known from before, but its engine has not been listed yet`;
    entries.push({ name, routes, unavailable, ...(settled && { lost: true }) });
  }
  // The file has hosts for a container whose labels complete it: before the listing, nobody knows whether there is one.
  if (!settled) {
    const known = new Set(entries.map(({ name }) => name));
    for (const [name, routes] of fileHosts) {
      if (known.has(name)) continue;
      const unavailable = `${name} is in the configuration file, but its engine has not been listed yet`;
      entries.push({ name, routes: claimed(routes, undefined, true), unavailable });
    }
  }
  // Whoever has the wildcard for itself is not gone.
  for (const { host, index, notice } of goneHosts) {
    if (served.has(`${host}/`)) continue;
    const routes = [{ host, prefix: "/" }];
    entries.push({ name: `discover[${String(index)}] ${host}`, routes, gone: notice });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What decides between two targets with the same route. */
function claimed(
  routes: readonly RouteSpec[],
  known: readonly ClaimedRoute[] | undefined,
  fromFile: boolean,
): readonly ClaimedRoute[] {
  if (fromFile) return routes.map(({ host, prefix }) => ({ host, prefix, fromFile }));
  if (!known) return routes;
  return routes.map(({ host, prefix }) => {
    const since = known.find((route) => route.host === host && route.prefix === prefix)?.since;
    return { host, prefix, ...(since !== undefined && { since }) };
  });
}

function routeKey({ host, prefix }: RouteSpec): string {
  return `${host}${prefix}`;
}
