import type { ClaimedRoute, DirectoryEntry } from "../watchers/handle.ts";

/** All targets of one host, by path prefix. */
export interface HostRoutes {
  /** Who has the prefix `/`: nearly always the only one. */
  readonly root: DirectoryEntry | undefined;
  /** The others. Keys have no trailing slash. */
  readonly deeper: ReadonlyMap<string, DirectoryEntry>;
  /** Segments of the longest prefix: a look-up never walks deeper. */
  readonly depth: number;
}

/** Two targets claim the same host and prefix. */
export interface DuplicateRoute {
  readonly host: string;
  readonly prefix: string;
  readonly winner: string;
  readonly loser: string;
  /** Why the winner has it, as the end of a sentence. */
  readonly because: string;
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
 * Builds the table. Of two targets with the same route the operator's file beats labels, then the older claim wins,
 * then the first by name, whatever the order of `entries`: a restart changes nothing, and a label cannot take a host
 * from another target.
 */
export function buildRouteTable(entries: readonly DirectoryEntry[]): RouteTable {
  const byName = new Map<string, DirectoryEntry>();
  const hosts = new Map<string, Draft>();
  const duplicates: DuplicateRoute[] = [];
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    byName.set(entry.name, entry);
    for (const route of entry.routes) {
      const { host, prefix } = route;
      const key = prefixKey(prefix);
      let routes = hosts.get(host);
      if (!routes) hosts.set(host, (routes = { root: undefined, deeper: NONE, depth: 0 }));
      const winner = key === "" ? routes.root : routes.deeper.get(key);
      const shown = key === "" ? "/" : key;
      if (winner === undefined) add(routes, key, entry);
      else if (winner !== entry) {
        const rival = winner.routes.find((one) => one.host === host && prefixKey(one.prefix) === key);
        const better = rival !== undefined && beats(route, rival);
        if (better) add(routes, key, entry);
        const [won, lost] = better ? [entry, winner] : [winner, entry];
        const because = rival
          ? reason(...(better ? ([route, rival] as const) : ([rival, route] as const)))
          : "";
        duplicates.push({ host, prefix: shown, winner: won.name, loser: lost.name, because });
      }
    }
  }
  const wildOf = (host: string): Draft | undefined => {
    const dot = host.indexOf(".");
    return dot > 0 ? hosts.get(`*${host.slice(dot)}`) : undefined;
  };
  for (const [host, routes] of hosts) {
    const wild = host.startsWith("*") ? undefined : wildOf(host);
    if (wild) hosts.set(host, over(routes, wild));
  }
  return {
    byName,
    duplicates,
    exact: (host) => hosts.get(host),
    hostRoutes: (host) => hosts.get(host) ?? wildOf(host),
  };
}

/** Whether the later of two by name has the better claim all the same. */
function beats(later: ClaimedRoute, first: ClaimedRoute): boolean {
  if ((later.fromFile ?? false) !== (first.fromFile ?? false)) return later.fromFile === true;
  return (later.since ?? Infinity) < (first.since ?? Infinity);
}

function reason(winner: ClaimedRoute, loser: ClaimedRoute): string {
  if (winner.fromFile && !loser.fromFile) return "the configuration file gives it the host";
  if ((winner.since ?? Infinity) < (loser.since ?? Infinity)) return "it had the host first";
  return "its name is first in the alphabet";
}

/** Routes of a host while the table is built. */
interface Draft {
  root: DirectoryEntry | undefined;
  deeper: Map<string, DirectoryEntry>;
  depth: number;
}

/** Of all hosts that have no deeper prefixes, which are nearly all. Never changed. */
const NONE = new Map<string, DirectoryEntry>();

function add(routes: Draft, key: string, entry: DirectoryEntry): void {
  if (key === "") {
    routes.root = entry;
    return;
  }
  if (routes.deeper === NONE) routes.deeper = new Map();
  routes.deeper.set(key, entry);
  routes.depth = Math.max(routes.depth, key.split("/").length - 1);
}

/** The routes of a host, where it has none those of its wildcard. */
function over(own: Draft, wild: Draft): Draft {
  return {
    root: own.root ?? wild.root,
    deeper: new Map([...wild.deeper, ...own.deeper]),
    depth: Math.max(own.depth, wild.depth),
  };
}

/** The target with the longest prefix of `path` that ends at a segment's end. `path` is normalised. */
export function findByPath(routes: HostRoutes, path: string): DirectoryEntry | undefined {
  let end = cut(path, routes.depth);
  while (end > 0) {
    const found = routes.deeper.get(path.slice(0, end));
    if (found) return found;
    end = path.lastIndexOf("/", end - 1);
  }
  return routes.root;
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
