import { workloadId, type WorkloadKind } from "../../config/values/kubernetes.ts";
import type { EngineSink, EngineSnapshot, InstanceSummary } from "../provider.ts";
import { Catalog } from "./catalog.ts";
import type { Cluster } from "./cluster.ts";
import type { Departures } from "./departures.ts";
import { summarize } from "./describe.ts";
import type { Change } from "./follow.ts";
import { toService, toWays, toWorkload, type Workload } from "./objects.ts";

/** A catalog in step with the streams, which tells what changed in it. */
export class LiveView {
  readonly cluster: Cluster;
  readonly catalog = new Catalog();
  readonly #departures: Departures;
  readonly #sink: EngineSink;
  /** What was told of each workload but its status, as text. */
  readonly #told = new Map<string, string>();

  constructor(cluster: Cluster, departures: Departures, sink: EngineSink) {
    this.cluster = cluster;
    this.#departures = departures;
    this.#sink = sink;
  }

  snapshot(selfId: string | undefined): EngineSnapshot {
    const instances = [...this.catalog.workloads.values()].map((workload) => {
      const summary = this.#summary(workload);
      this.#told.set(summary.id, outlook(summary));
      return summary;
    });
    return { instances, ...(selfId !== undefined && { selfId }) };
  }

  workload(kind: WorkloadKind, { type, object }: Change): void {
    const after = toWorkload(kind, object);
    const id = workloadId(after);
    if (type === "DELETED") {
      this.catalog.workloads.delete(id);
      this.#told.delete(id);
      this.#sink.changed({ id, cause: "destroyed" });
      return;
    }
    const before = this.catalog.setWorkload(after);
    if (!before) {
      this.#told.set(id, outlook(this.#summary(after)));
      this.#sink.changed({ id, cause: "created" });
      return;
    }
    this.#compare(id, before, after);
    this.cluster.stirred.emit(id);
    this.#lookAt(after);
  }

  service({ type, object }: Change): void {
    const service = toService(object);
    if (type === "DELETED") this.catalog.deleteService(service.namespace, service.name);
    else this.catalog.setService(service);
    for (const workload of this.catalog.in(service.namespace)) this.#lookAt(workload);
  }

  ingress({ type, object }: Change): void {
    const { name = "", namespace = "" } = object.metadata;
    if (type === "DELETED") this.catalog.deleteWays(namespace, name);
    else this.catalog.setWays(namespace, name, toWays(object));
    for (const workload of this.catalog.in(namespace)) this.#lookAt(workload);
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
  #lookAt(workload: Workload): void {
    const summary = this.#summary(workload);
    const now = outlook(summary);
    if (this.#told.get(summary.id) === now) return;
    this.#told.set(summary.id, now);
    this.#sink.changed({ id: summary.id, cause: "renamed" });
  }

  #summary(workload: Workload): InstanceSummary {
    const surroundings = this.catalog.surroundings(workload);
    return summarize(workload, { surroundings, reachable: this.cluster.servicesReachable });
  }
}

function outlook({ labels, networks, ingress, image }: InstanceSummary): string {
  return JSON.stringify([labels, networks, ingress, image]);
}
