import { SnapshotCache } from "../lib/cache.ts";
import { Emitter, type Subscribable } from "../lib/emitter.ts";
import type { DirectoryEntry, TargetDirectory } from "../watchers/handle.ts";
import {
  buildRouteTable,
  findByPath,
  type DuplicateRoute,
  type HostRoutes,
  type RouteTable,
} from "./routes.ts";

/** What a look-up finds: a target, nothing, or a path that two readings lead to two targets. */
export type Lookup = DirectoryEntry | "unknown" | "ambiguous";

/** Whether there is anybody behind a host: `gone`: its routes are kept, but nothing is there. */
export type HostStanding = "served" | "gone" | "unknown";

/** The directory as requests ask it; follows its changes until disposed. */
export interface RouteLookup extends Disposable {
  find(host: string, path: string, alternativePath: string | undefined): Lookup;
  byName(name: string): DirectoryEntry | undefined;
  /** Of a host in its normal form, whatever the path. */
  standing(host: string): HostStanding;
  readonly duplicates: readonly DuplicateRoute[];
  /** Fires after the look-up knows the directory's new entries. */
  readonly changed: Subscribable<void>;
}

/**
 * Hosts below a wildcard and unknown ones are looked up once and kept. Strangers choose the Host header, so
 * what is kept is bounded.
 */
const MAX_HOSTS = 20_000;

/** Something stands behind the entry, or may: what an engine that is away last listed. */
function isThere({ handle, gone, lost }: DirectoryEntry): boolean {
  if (handle) return !(handle.gate.kind === "missing" && handle.gate.why === "gone");
  return gone === undefined && !lost;
}

export function createRouteLookup(
  directory: TargetDirectory,
  onDuplicates: (duplicates: readonly DuplicateRoute[]) => void = () => undefined,
): RouteLookup {
  const cache = new SnapshotCache<HostRoutes | "none">({ maxEntries: MAX_HOSTS });
  const changed = new Emitter<void>();
  let table: RouteTable;
  const rebuild = (): void => {
    table = buildRouteTable(directory.entries);
    cache.clear();
    if (table.duplicates.length > 0) onDuplicates(table.duplicates);
    changed.emit();
  };
  rebuild();
  const subscription = directory.changed.subscribe(rebuild);

  const routesOf = (host: string): HostRoutes | "none" => {
    let routes = table.exact(host) ?? cache.get(host);
    if (routes === undefined) {
      routes = table.hostRoutes(host) ?? "none";
      cache.set(host, routes);
    }
    return routes;
  };

  return {
    changed,
    get duplicates() {
      return table.duplicates;
    },
    byName: (name) => table.byName.get(name),
    standing(host) {
      const routes = routesOf(host);
      if (routes === "none") return "unknown";
      const all = [...(routes.root ? [routes.root] : []), ...routes.deeper.values()];
      return all.some(isThere) ? "served" : "gone";
    },
    find(host, path, alternativePath) {
      const routes = routesOf(host);
      if (routes === "none") return "unknown";
      const found = findByPath(routes, path);
      if (alternativePath !== undefined && findByPath(routes, alternativePath) !== found) return "ambiguous";
      return found ?? "unknown";
    },
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      cache[Symbol.dispose]();
    },
  };
}
