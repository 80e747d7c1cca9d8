import { backoffMs, type BackoffOptions } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { race } from "../../lib/race.ts";
import { linkSignals } from "../../lib/signals.ts";
import { messageOf } from "../../errors.ts";
import type { WorkloadKind } from "../../config/values/kubernetes.ts";
import { ProviderError, type EngineSink } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import type { Departures } from "./departures.ts";
import { LiveView } from "./live-view.ts";
import { follow, type Change, type FollowOptions } from "./follow.ts";
import { list } from "./list.ts";
import { toService, toWays, toWorkload, type Workload } from "./objects.ts";
import type { RawIngress, RawWorkload } from "./raw.ts";
import { resourceOf, RESOURCES, type Resource } from "./paths.ts";
import { findSelf } from "./self.ts";

/** How a lost cluster is regained. */
export interface WatchOptions extends FollowOptions {
  readonly backoff: BackoffOptions;
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
  while (!signal.aborted) {
    let listedAt: number | undefined;
    try {
      await session(cluster, departures, sink, signal, options, () => {
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
  /** It can be done without. */
  readonly optional?: true;
}

/** One listing and the streams of changes from it on. Throws when the cluster has to be listed once more. */
async function session(
  cluster: Cluster,
  departures: Departures,
  sink: EngineSink,
  parent: AbortSignal,
  options: WatchOptions,
  onListed: () => void,
): Promise<never> {
  cluster.connection.renew();
  using lifetime = linkSignals(parent);
  const { signal } = lifetime;
  const view = new LiveView(cluster, departures, sink);
  try {
    const listed = await Promise.all(cluster.scopes.map((scope) => feedsOf(view, scope, signal)));
    const selfId = await findSelf(cluster, view.catalog, signal);
    cluster.catalog = view.catalog;
    onListed();
    sink.listed(view.snapshot(selfId));
    return await Promise.race(listed.flat().map((feed) => followFeed(cluster, feed, options, signal)));
  } finally {
    cluster.catalog = undefined;
    lifetime.abort(new Error("the session is over"));
  }
}

/** Follows one kind of object, and does without what may be done without. */
async function followFeed(
  cluster: Cluster,
  { resource, scope, resourceVersion, take, optional }: Feed,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<never> {
  const following = (): Promise<never> =>
    follow(cluster.connection, resource, scope, resourceVersion, take, options, signal);
  if (!optional) return following();
  await cluster.optional(scope, following);
  // Without it the others go on.
  return untilAborted(signal);
}

/** Lists all kinds of one namespace, or of all, into the view. */
async function feedsOf(
  view: LiveView,
  scope: string | undefined,
  signal: AbortSignal,
): Promise<readonly Feed[]> {
  const { cluster, catalog } = view;
  const { connection } = cluster;
  const workloads = async (kind: WorkloadKind): Promise<Feed> => {
    const resource = resourceOf(kind);
    const take = (raw: RawWorkload): Workload => toWorkload(kind, raw);
    const { items, resourceVersion } = await list(connection, resource, scope, take, signal);
    for (const item of items) catalog.setWorkload(item);
    return { resource, scope, resourceVersion, take: (change) => view.workload(kind, change) };
  };
  const services = async (): Promise<Feed> => {
    const resource = RESOURCES.service;
    const { items, resourceVersion } = await list(connection, resource, scope, toService, signal);
    for (const item of items) catalog.setService(item);
    return { resource, scope, resourceVersion, take: (change) => view.service(change) };
  };
  const ingresses = async (): Promise<Feed | undefined> => {
    const resource = RESOURCES.ingress;
    const take = (raw: RawIngress) => ({ metadata: raw.metadata, ways: toWays(raw) });
    const found = await cluster.optional(scope, () => list(connection, resource, scope, take, signal));
    if (!found) return undefined;
    for (const { metadata, ways } of found.items)
      catalog.setWays(metadata.namespace ?? "", metadata.name ?? "", ways);
    const { resourceVersion } = found;
    return { resource, scope, resourceVersion, take: (change) => view.ingress(change), optional: true };
  };
  const feeds = await Promise.all([
    workloads("deployment"),
    workloads("statefulset"),
    services(),
    ingresses(),
  ]);
  return feeds.filter((feed) => feed !== undefined);
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return race(new Promise<never>(() => undefined), signal);
}
