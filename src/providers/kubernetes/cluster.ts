import { workloadId, workloadOf, workloadsNamed, type WorkloadRef } from "../../config/values/kubernetes.ts";
import type { KubernetesEngineSpec } from "../../config/model/engine.ts";
import { Emitter } from "../../lib/emitter.ts";
import { ProviderError } from "../provider.ts";
import { surroundingsOf, type Catalog, type Surroundings } from "./catalog.ts";
import type { Connection } from "./connection.ts";
import { list } from "./list.ts";
import { toService, toWays, toWorkload, type Service, type Workload } from "./objects.ts";
import type { EndpointSlice, Pod, RawWorkload } from "./raw.ts";
import { pathOfWorkload, RESOURCES, rightTo, resourceOf, selectorText } from "./paths.ts";
import { isRefused, statusOf } from "./errors.ts";

/** One cluster, as far as Wakegate may look at it. */
export class Cluster {
  readonly connection: Connection;
  readonly namespaces: readonly string[] | undefined;
  readonly servicesReachable: boolean;
  /** What the streams of changes keep in step, while they do. */
  catalog: Catalog | undefined;
  /** Ids of workloads whose numbers of pods changed just now. */
  readonly stirred = new Emitter<string>();
  readonly #said = new Set<string>();

  constructor(connection: Connection, { namespaces, servicesReachable }: KubernetesEngineSpec) {
    this.connection = connection;
    this.namespaces = namespaces;
    this.servicesReachable = servicesReachable;
  }

  /** What lists are made of: each namespace that is looked at, or all at once. */
  get scopes(): readonly (string | undefined)[] {
    return this.namespaces ?? [undefined];
  }

  /** The workload of this id or name; undefined when the cluster does not know it. @throws ProviderError. */
  async find(ref: string, signal: AbortSignal): Promise<Workload | undefined> {
    const exact = workloadOf(ref);
    for (const each of exact ? [exact] : workloadsNamed(ref)) {
      const found = this.#isLookedAt(each) ? await this.#get(each, signal) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  /** As `find`. @throws ProviderError `not_found` where there is none. */
  async mustFind(ref: string, signal: AbortSignal): Promise<Workload> {
    const found = await this.find(ref, signal);
    if (found) return found;
    const { engine } = this.connection;
    const message = `engine ${engine}: there is no workload ${ref.slice(0, 80)}`;
    throw new ProviderError("not_found", engine, message);
  }

  /** Its pods, also those that are going. */
  async pods({ namespace, selector }: Workload, signal: AbortSignal): Promise<readonly Pod[]> {
    const text = selectorText(selector);
    // Without a selector it would be all of the namespace.
    if (text === "") return [];
    const take = (pod: Pod): Pod => pod;
    return (await list(this.connection, RESOURCES.pod, namespace, take, signal, { labelSelector: text }))
      .items;
  }

  /** Where its Service leads. */
  async slices({ namespace, name }: Service, signal: AbortSignal): Promise<readonly EndpointSlice[]> {
    const take = (slice: EndpointSlice): EndpointSlice => slice;
    const text = `kubernetes.io/service-name=${name}`;
    return (
      await list(this.connection, RESOURCES.endpointSlice, namespace, take, signal, { labelSelector: text })
    ).items;
  }

  /** What leads to it: as the streams keep it, else asked for. */
  async surroundings(workload: Workload, signal: AbortSignal): Promise<Surroundings> {
    if (this.catalog) return this.catalog.surroundings(workload);
    const { namespace } = workload;
    const [services, ways] = await Promise.all([
      list(this.connection, RESOURCES.service, namespace, toService, signal),
      this.optional(namespace, () => list(this.connection, RESOURCES.ingress, namespace, toWays, signal)),
    ]);
    return surroundingsOf(workload, services.items, ways?.items.flat() ?? []);
  }

  /** Ingresses can be done without: undefined where the cluster refuses them or has no such thing, which is logged. */
  async optional<T>(scope: string | undefined, work: () => Promise<T>): Promise<T | undefined> {
    const what = `Ingresses are not read${scope === undefined ? "" : ` in ${scope}`}`;
    try {
      const done = await work();
      this.#said.delete(what);
      return done;
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.sayOnce(what, error);
      return undefined;
    }
  }

  /** What was logged by `sayOnce` is over: it is logged again when it comes back. */
  over(what: string): void {
    this.#said.delete(what);
  }

  /** Logs something that is no event, once until it is over. */
  sayOnce(what: string, error: unknown): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    const reason = error instanceof Error ? error.message : String(error);
    this.connection.log("warn", what, { engine: this.connection.engine, reason });
  }

  async #get(ref: WorkloadRef, signal: AbortSignal): Promise<Workload | undefined> {
    const right = rightTo("get", resourceOf(ref.kind));
    const ask = { right, path: pathOfWorkload(ref), what: workloadId(ref) };
    try {
      return toWorkload(ref.kind, (await this.connection.call(ask, signal)) as RawWorkload);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  #isLookedAt({ namespace }: WorkloadRef): boolean {
    return this.namespaces?.includes(namespace) ?? true;
  }
}
