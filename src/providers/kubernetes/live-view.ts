import { workloadId, type WorkloadKind } from "../../config/values/kubernetes.ts";
import type { EngineSink, EngineSnapshot, InstanceSummary } from "../provider.ts";
import { Catalog } from "./catalog.ts";
import type { Cluster } from "./cluster.ts";
import type { Departures } from "./departures.ts";
import { summarize } from "./describe.ts";
import type { Change } from "./follow.ts";
import { toService, toWays, toWorkload, type Service, type Way, type Workload } from "./objects.ts";

/** The ways of one Ingress. */
export interface IngressWays {
  readonly namespace: string;
  readonly name: string;
  readonly ways: readonly Way[];
}

/** A catalog in step with the streams, which tells what changed in it. */
export class LiveView {
  readonly cluster: Cluster;
  readonly catalog = new Catalog();
  readonly #departures: Departures;
  readonly #sink: EngineSink;
  /** What was told of each workload but its status, as text. Empty until the first listing. */
  readonly #told = new Map<string, string>();
  #isListed = false;

  constructor(cluster: Cluster, departures: Departures, sink: EngineSink) {
    this.cluster = cluster;
    this.#departures = departures;
    this.#sink = sink;
  }

  /** Everything as it is now; from here on changes are told. */
  snapshot(selfId: string | undefined): EngineSnapshot {
    const instances = [...this.catalog.workloads()].map((workload) => {
      const summary = this.#summary(workload);
      this.#told.set(summary.id, outlook(summary));
      return summary;
    });
    this.#isListed = true;
    return { instances, ...(selfId !== undefined && { selfId }) };
  }

  /** Takes a complete listing of one kind in a scope: what is not in it does not exist. */
  listWorkloads(kind: WorkloadKind, scope: string | undefined, items: readonly Workload[]): void {
    const ids = new Set(items.map(workloadId));
    for (const old of this.catalog.namesOf(kind, scope)) {
      const workload = { ...old, kind };
      if (!ids.has(workloadId(workload))) this.#dropWorkload(workload);
    }
    for (const item of items) this.#putWorkload(item);
  }

  /** As `listWorkloads`. */
  listServices(scope: string | undefined, items: readonly Service[]): void {
    const names = new Set(items.map(({ namespace, name }) => `${namespace}/${name}`));
    for (const { namespace, name } of this.catalog.namesOf("service", scope))
      if (!names.has(`${namespace}/${name}`)) this.#lookAt(this.catalog.deleteService(namespace, name));
    for (const item of items) this.#lookAt(this.catalog.setService(item));
  }

  /** As `listWorkloads`. */
  listIngresses(scope: string | undefined, items: readonly IngressWays[]): void {
    const names = new Set(items.map(({ namespace, name }) => `${namespace}/${name}`));
    for (const { namespace, name } of this.catalog.namesOf("ingress", scope))
      if (!names.has(`${namespace}/${name}`)) this.#lookAt(this.catalog.deleteWays(namespace, name));
    for (const { namespace, name, ways } of items) this.#lookAt(this.catalog.setWays(namespace, name, ways));
  }

  workload(kind: WorkloadKind, { type, object }: Change): void {
    const after = toWorkload(kind, object);
    if (type === "DELETED") this.#dropWorkload(after);
    else this.#putWorkload(after);
  }

  service({ type, object }: Change): void {
    const service = toService(object);
    if (type === "DELETED") this.#lookAt(this.catalog.deleteService(service.namespace, service.name));
    else this.#lookAt(this.catalog.setService(service));
  }

  ingress({ type, object }: Change): void {
    const { name = "", namespace = "" } = object.metadata;
    if (type === "DELETED") this.#lookAt(this.catalog.deleteWays(namespace, name));
    else this.#lookAt(this.catalog.setWays(namespace, name, toWays(object)));
  }

  #putWorkload(after: Workload): void {
    const before = this.catalog.setWorkload(after);
    if (!this.#isListed) return;
    const id = workloadId(after);
    if (!before) {
      this.#told.set(id, outlook(this.#summary(after)));
      this.#sink.changed({ id, cause: "created" });
      return;
    }
    this.#compare(id, before, after);
    this.cluster.stirred.emit(id);
    this.#lookAt([after]);
  }

  #dropWorkload(workload: Pick<Workload, "namespace" | "kind" | "name">): void {
    this.catalog.deleteWorkload(workload);
    if (!this.#isListed) return;
    const id = workloadId(workload);
    this.#told.delete(id);
    this.#sink.changed({ id, cause: "destroyed" });
  }

  #compare(id: string, before: Workload, after: Workload): void {
    if (after.wanted === 0 && before.wanted > 0) {
      this.#sink.changed({ id, cause: "signalled", signal: "SIGTERM" });
      this.#departures.begun(id);
    } else if (after.wanted > 0 && before.wanted === 0) this.#departures.cancelled(id);
    if (after.wanted > 0 && after.ready > 0 && before.ready === 0)
      this.#sink.changed({ id, cause: "started" });
    else if (after.wanted > 0 && after.ready === 0 && before.ready > 0)
      this.#sink.changed({ id, cause: "died" });
    else if (
      before.wanted !== after.wanted ||
      before.pods !== after.pods ||
      before.ready !== after.ready ||
      before.updated !== after.updated
    )
      this.#sink.changed({ id, cause: "health" });
  }

  /** Tells where labels, hosts or addresses became other ones. */
  #lookAt(workloads: Iterable<Workload>): void {
    if (!this.#isListed) return;
    for (const workload of workloads) {
      const summary = this.#summary(workload);
      const now = outlook(summary);
      if (this.#told.get(summary.id) === now) continue;
      this.#told.set(summary.id, now);
      this.#sink.changed({ id: summary.id, cause: "renamed" });
    }
  }

  #summary(workload: Workload): InstanceSummary {
    const surroundings = this.catalog.surroundings(workload);
    return summarize(workload, { surroundings, reachable: this.cluster.servicesReachable });
  }
}

function outlook({ labels, networks, ingress, image }: InstanceSummary): string {
  return JSON.stringify([labels, networks, ingress, image]);
}
