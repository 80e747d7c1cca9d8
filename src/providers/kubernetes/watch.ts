import { backoffMs, type BackoffOptions } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import { messageOf } from "../../errors.ts";
import type { WorkloadKind } from "../../config/values/kubernetes.ts";
import { ProviderError, type EngineSink } from "../provider.ts";
import type { Catalog } from "./catalog.ts";
import type { Cluster } from "./cluster.ts";
import type { Departures } from "./departures.ts";
import { LiveView, type IngressWays } from "./live-view.ts";
import { isRefused } from "./errors.ts";
import { follow, type Change, type FollowOptions } from "./follow.ts";
import { list } from "./list.ts";
import { toService, toWays, toWorkload, type Workload } from "./objects.ts";
import type { RawIngress, RawWorkload } from "./raw.ts";
import { resourceOf, RESOURCES, type Resource } from "./paths.ts";
import { findSelf } from "./self.ts";

/** How a lost cluster is regained. */
export interface WatchOptions extends FollowOptions {
  readonly backoff: BackoffOptions;
  /** How often something is asked for again that is refused while the rest of the cluster is not. */
  readonly refused: BackoffOptions;
  /** A session that lived so long was a good one: the next loss is retried at once. */
  readonly steadyMs: number;
  /** How often is looked whether pods that were asked to go are gone, in ms. */
  readonly departuresMs: number;
}

export const WATCH_DEFAULTS: WatchOptions = {
  streamSeconds: 300,
  silenceMs: 90_000,
  spacingMs: 1_000,
  backoff: { firstMs: 250, maxMs: 15_000, jitter: 0.3 },
  refused: { firstMs: 1_000, maxMs: 60_000, jitter: 0.3 },
  steadyMs: 5_000,
  departuresMs: 500,
};

/** Follows one cluster until the abort; see `Provider.watch`. */
export async function watch(
  cluster: Cluster,
  departures: Departures,
  sink: EngineSink,
  signal: AbortSignal,
  options: WatchOptions,
): Promise<void> {
  const { clock, engine, log } = cluster.connection;
  let away = false;
  let attempt = 0;
  let known: Catalog | undefined;
  while (!signal.aborted) {
    let listedAt: number | undefined;
    try {
      await session(cluster, departures, sink, signal, options, known, (catalog) => {
        known = catalog;
        listedAt = clock.monotonic();
        away = false;
      });
    } catch (failure) {
      if (signal.aborted) return;
      const error =
        failure instanceof ProviderError
          ? failure
          : new ProviderError("engine_failed", engine, `engine ${engine}: ${messageOf(failure)}`, {
              cause: failure,
            });
      // A right that is missing is no gap: it will be missing after the next listing, too.
      if (listedAt !== undefined && error.code !== "engine_forbidden")
        log("debug", "the cluster is listed anew", { engine, reason: error.message });
      else if (!away) {
        away = true;
        sink.away(error);
      }
    }
    if (listedAt !== undefined && clock.monotonic() - listedAt >= options.steadyMs) attempt = 0;
    const delayMs = listedAt !== undefined && attempt === 0 ? 0 : backoffMs(attempt, options.backoff);
    attempt++;
    await sleep(clock, delayMs, signal).catch(() => undefined);
  }
}

/** What is followed of one kind of object, in one namespace or in all. */
interface Feed {
  readonly resource: Resource;
  readonly scope: string | undefined;
  readonly resourceVersion: string;
  readonly take: (change: Change) => void;
}

/** The feeds of one scope, as listed. */
interface ScopeFeeds {
  readonly required: readonly Feed[];
  /** Undefined: Ingresses were refused. */
  readonly ingresses: Feed | undefined;
}

/** One listing and the streams of changes from it on. Throws when the cluster has to be listed once more. */
async function session(
  cluster: Cluster,
  departures: Departures,
  sink: EngineSink,
  parent: AbortSignal,
  options: WatchOptions,
  before: Catalog | undefined,
  onListed: (catalog: Catalog) => void,
): Promise<never> {
  cluster.connection.renew();
  using lifetime = linkSignals(parent);
  const { signal } = lifetime;
  const view = new LiveView(cluster, departures, sink);
  const refused = new RefusedScopes(cluster);
  try {
    const listed = await Promise.all(
      cluster.scopes.map(async (scope) => ({
        scope,
        feeds: await refused.try(scope, () => listScope(view, scope, signal)),
      })),
    );
    // What was known of a namespace that is refused now stays known: nobody said that it is gone.
    for (const { scope, feeds } of listed)
      if (!feeds && before && scope !== undefined) view.catalog.adopt(before, scope);
    const selfId = await findSelf(cluster, view.catalog, signal);
    cluster.catalog = view.catalog;
    onListed(view.catalog);
    sink.listed(view.snapshot(selfId));
    return await Promise.race(
      listed.map(({ scope, feeds }) => followScope(view, refused, scope, feeds, options, signal)),
    );
  } finally {
    cluster.catalog = undefined;
    lifetime.abort(new Error("the session is over"));
  }
}

/** Namespaces that may not be read now. The others go on without them, for as long as there are any. */
class RefusedScopes {
  readonly #cluster: Cluster;
  readonly #refused = new Set<string | undefined>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Undefined where the scope is refused. @throws what the work throws otherwise, or when no scope is left. */
  async try<T>(scope: string | undefined, work: () => Promise<T>): Promise<T | undefined> {
    const what = `the namespace ${scope ?? ""} is left out until it can be read`;
    try {
      const done = await work();
      this.#refused.delete(scope);
      this.#cluster.over(what);
      return done;
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#refused.add(scope);
      if (this.#refused.size >= this.#cluster.scopes.length) throw error;
      this.#cluster.sayOnce(what, error);
      return undefined;
    }
  }
}

/** Follows one scope; one that is refused is listed again from time to time. */
async function followScope(
  view: LiveView,
  refused: RefusedScopes,
  scope: string | undefined,
  listed: ScopeFeeds | undefined,
  options: WatchOptions,
  parent: AbortSignal,
): Promise<never> {
  const { connection } = view.cluster;
  let feeds = listed;
  for (let attempt = 0; ;) {
    if (feeds) {
      const { required, ingresses } = feeds;
      attempt = 0;
      await refused.try(scope, async () => {
        using life = linkSignals(parent);
        const { signal } = life;
        try {
          return await Promise.race([
            ...required.map((feed) => followFeed(view.cluster, feed, options, signal)),
            followIngresses(view, scope, ingresses, options, signal),
          ]);
        } finally {
          life.abort(new Error("the namespace is refused"));
        }
      });
    }
    await sleep(connection.clock, backoffMs(attempt++, options.refused), parent);
    feeds = await refused.try(scope, () => listScope(view, scope, parent));
  }
}

function followFeed(
  { connection }: Cluster,
  { resource, scope, resourceVersion, take }: Feed,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<never> {
  return follow(connection, resource, scope, resourceVersion, take, options, signal);
}

/** Ingresses can be done without: where they are refused they are asked for again from time to time. */
async function followIngresses(
  view: LiveView,
  scope: string | undefined,
  listed: Feed | undefined,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<never> {
  const { cluster } = view;
  let feed = listed;
  for (let attempt = 0; ;) {
    if (feed) {
      const following = feed;
      const began = cluster.connection.clock.monotonic();
      await cluster.optional(scope, () => followFeed(cluster, following, options, signal));
      if (cluster.connection.clock.monotonic() - began >= options.steadyMs) attempt = 0;
    }
    await sleep(cluster.connection.clock, backoffMs(attempt++, options.refused), signal);
    feed = await cluster.optional(scope, () => listIngresses(view, scope, signal));
  }
}

/** Lists all kinds of one namespace, or of all, into the view. */
async function listScope(
  view: LiveView,
  scope: string | undefined,
  signal: AbortSignal,
): Promise<ScopeFeeds> {
  const { cluster } = view;
  const { connection } = cluster;
  const workloads = async (kind: WorkloadKind): Promise<readonly [Feed, () => void]> => {
    const resource = resourceOf(kind);
    const take = (raw: RawWorkload): Workload => toWorkload(kind, raw);
    const { items, resourceVersion } = await list(connection, resource, scope, take, signal);
    const feed = { resource, scope, resourceVersion, take: (change: Change) => view.workload(kind, change) };
    return [feed, () => view.listWorkloads(kind, scope, items)];
  };
  const services = async (): Promise<readonly [Feed, () => void]> => {
    const resource = RESOURCES.service;
    const { items, resourceVersion } = await list(connection, resource, scope, toService, signal);
    const feed = { resource, scope, resourceVersion, take: (change: Change) => view.service(change) };
    return [feed, () => view.listServices(scope, items)];
  };
  const [required, ingresses] = await Promise.all([
    // Workloads are loaded first: a Service is indexed by the label that fewest of them have.
    Promise.all([workloads("deployment"), workloads("statefulset"), services()]),
    cluster.optional(scope, () => listIngresses(view, scope, signal)),
  ]);
  // All or nothing: a namespace of which one kind is refused keeps what was known.
  for (const [, load] of required) load();
  return { required: required.map(([feed]) => feed), ingresses };
}

async function listIngresses(view: LiveView, scope: string | undefined, signal: AbortSignal): Promise<Feed> {
  const resource = RESOURCES.ingress;
  const take = (raw: RawIngress): IngressWays => ({
    namespace: raw.metadata.namespace ?? "",
    name: raw.metadata.name ?? "",
    ways: toWays(raw),
  });
  const { items, resourceVersion } = await list(view.cluster.connection, resource, scope, take, signal);
  view.listIngresses(scope, items);
  return { resource, scope, resourceVersion, take: (change) => view.ingress(change) };
}
