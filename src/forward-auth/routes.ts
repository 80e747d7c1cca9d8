import type { DirectoryEntry } from "../watchers/handle.ts";

/** All targets of one host, by path prefix. */
export interface HostRoutes {
  /** Keys have no trailing slash; the empty key is the prefix `/`. */
  readonly byPrefix: ReadonlyMap<string, DirectoryEntry>;
  /** Segments of the longest prefix: a look-up never walks deeper. */
  readonly depth: number;
}

/** Two targets claim the same host and prefix. */
export interface DuplicateRoute {
  readonly host: string;
  readonly prefix: string;
  readonly winner: string;
  readonly loser: string;
}

/** Which target answers for a host and a path. Immutable; built anew for each change of the directory. */
export interface RouteTable {
  readonly byName: ReadonlyMap<string, DirectoryEntry>;
  readonly duplicates: readonly DuplicateRoute[];
  /** What is known of a host by its exact name, those of its wildcard filled in where these leave a gap. */
  exact(host: string): HostRoutes | undefined;
  /** The same, and for other hosts the routes of the wildcard that covers them. */
  hostRoutes(host: string): HostRoutes | undefined;
}

/**
 * Builds the table. Of two targets with the same route the first by name wins, whatever the order of
 * `entries`, so that a restart changes nothing.
 */
export function buildRouteTable(entries: readonly DirectoryEntry[]): RouteTable {
  const byName = new Map<string, DirectoryEntry>();
  const hosts = new Map<string, Map<string, DirectoryEntry>>();
  const duplicates: DuplicateRoute[] = [];
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    byName.set(entry.name, entry);
    for (const { host, prefix } of entry.routes) {
      const key = prefixKey(prefix);
      const routes = hosts.get(host) ?? new Map<string, DirectoryEntry>();
      hosts.set(host, routes);
      const winner = routes.get(key);
      if (winner === undefined) routes.set(key, entry);
      else if (winner !== entry) {
        duplicates.push({ host, prefix: key === "" ? "/" : key, winner: winner.name, loser: entry.name });
      }
    }
  }
  const wildOf = (host: string): Map<string, DirectoryEntry> | undefined => {
    const dot = host.indexOf(".");
    return dot > 0 ? hosts.get(`*${host.slice(dot)}`) : undefined;
  };
  const exact = new Map<string, HostRoutes>();
  for (const [host, routes] of hosts) {
    const wild = host.startsWith("*") ? undefined : wildOf(host);
    exact.set(host, hostRoutesOf(wild ? new Map([...wild, ...routes]) : routes));
  }
  return {
    byName,
    duplicates,
    exact: (host) => exact.get(host),
    hostRoutes(host) {
      const wild = exact.has(host) ? undefined : wildOf(host);
      return wild ? hostRoutesOf(wild) : exact.get(host);
    },
  };
}

function hostRoutesOf(byPrefix: ReadonlyMap<string, DirectoryEntry>): HostRoutes {
  return { byPrefix, depth: depthOf(byPrefix) };
}

/** The target with the longest prefix of `path` that ends at a segment's end. `path` is normalised. */
export function findByPath(routes: HostRoutes, path: string): DirectoryEntry | undefined {
  let end = cut(path, routes.depth);
  while (end > 0) {
    const found = routes.byPrefix.get(path.slice(0, end));
    if (found) return found;
    end = path.lastIndexOf("/", end - 1);
  }
  return routes.byPrefix.get("");
}

/** Length of the first `depth` segments of `path`, without a trailing slash. */
function cut(path: string, depth: number): number {
  let end = 0;
  for (let segment = 0; segment < depth && end < path.length; segment += 1) {
    const next = path.indexOf("/", end + 1);
    if (next === -1) return path.endsWith("/") ? path.length - 1 : path.length;
    end = next;
  }
  return end;
}

function prefixKey(prefix: string): string {
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}

function depthOf(byPrefix: ReadonlyMap<string, DirectoryEntry>): number {
  let depth = 0;
  for (const key of byPrefix.keys()) depth = Math.max(depth, key.split("/").length - 1);
  return depth;
}
