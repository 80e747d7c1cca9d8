import { workloadId } from "../../config/values/kubernetes.ts";
import type { Service, Way, Workload } from "./objects.ts";

/** Names the Service of a workload that several lead to. */
export const SERVICE_ANNOTATION = "wakegate.io/service";

/** What is known of a cluster: its workloads and what leads to them. Kept in step by the streams of changes. */
export class Catalog {
  readonly workloads = new Map<string, Workload>();
  /** By namespace, then name. */
  readonly #services = new Map<string, Map<string, Service>>();
  /** By namespace, then the Ingress's name. */
  readonly #ways = new Map<string, Map<string, readonly Way[]>>();

  setWorkload(workload: Workload): Workload | undefined {
    const id = workloadId(workload);
    const before = this.workloads.get(id);
    this.workloads.set(id, workload);
    return before;
  }

  setService(service: Service): void {
    nested(this.#services, service.namespace).set(service.name, service);
  }

  deleteService(namespace: string, name: string): void {
    this.#services.get(namespace)?.delete(name);
  }

  setWays(namespace: string, ingress: string, ways: readonly Way[]): void {
    nested(this.#ways, namespace).set(ingress, ways);
  }

  deleteWays(namespace: string, ingress: string): void {
    this.#ways.get(namespace)?.delete(ingress);
  }

  /** The workloads of one namespace. */
  *in(namespace: string): Iterable<Workload> {
    for (const workload of this.workloads.values()) if (workload.namespace === namespace) yield workload;
  }

  /** What leads to a workload. */
  surroundings(workload: Workload): Surroundings {
    const services = [...(this.#services.get(workload.namespace)?.values() ?? [])];
    const ways = [...(this.#ways.get(workload.namespace)?.values() ?? [])].flat();
    return surroundingsOf(workload, services, ways);
  }
}

/** What leads to one workload. */
export interface Surroundings {
  readonly service?: Service;
  /** The ways that lead to that Service. */
  readonly ways: readonly Way[];
}

/**
 * The Service that leads to a workload's pods: the one that its annotation names, else one that an Ingress leads to,
 * else one with an address of its own, else the first by name. Pure.
 */
export function surroundingsOf(
  { podLabels, annotations }: Pick<Workload, "podLabels" | "annotations">,
  services: readonly Service[],
  ways: readonly Way[],
): Surroundings {
  const named = annotations[SERVICE_ANNOTATION];
  const fits = services
    .filter(({ selector, name }) => selects(selector, podLabels) && (named === undefined || name === named))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const led = (service: Service): boolean => ways.some((way) => way.service === service.name);
  const service = fits.find(led) ?? fits.find(({ clusterIp }) => clusterIp !== undefined) ?? fits[0];
  if (!service) return { ways: [] };
  return { service, ways: ways.filter((way) => way.service === service.name) };
}

/** An empty selector selects nothing. */
function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(selector);
  return entries.length > 0 && entries.every(([key, value]) => labels[key] === value);
}

function nested<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = map.get(key) ?? new Map<string, T>();
  map.set(key, found);
  return found;
}
