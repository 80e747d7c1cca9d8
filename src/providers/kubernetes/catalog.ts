import { workloadId, type WorkloadKind } from "../../config/values/kubernetes.ts";
import type { Service, Way, Workload } from "./objects.ts";

/** Names the Service of a workload that several lead to. */
export const SERVICE_ANNOTATION = "wakegate.io/service";

/** One namespace, indexed so that an event costs the same however many apps there are. */
class Namespace {
  readonly workloads = new Map<string, Workload>();
  readonly services = new Map<string, Service>();
  /** By the Ingress's name. */
  readonly ways = new Map<string, readonly Way[]>();
  /** By the Service's name, then the Ingress's. */
  readonly waysTo = new Map<string, Map<string, readonly Way[]>>();
  /** Ids of workloads by each label of their pods, as `key=value`. */
  readonly labeled = new Map<string, Set<string>>();
  /** Names of Services by one label that they select: the one that fewest have, because all apps may share another. */
  readonly selecting = new Map<string, Set<string>>();
  /** Under which label each Service stands in `selecting`. */
  readonly standsUnder = new Map<string, string>();
}

const NONE: ReadonlySet<string> = new Set();

/** What is known of a cluster: its workloads and what leads to them. Kept in step by the streams of changes. */
export class Catalog {
  readonly #namespaces = new Map<string, Namespace>();

  *workloads(): Iterable<Workload> {
    for (const { workloads } of this.#namespaces.values()) yield* workloads.values();
  }

  /** The workloads of one namespace. */
  in(namespace: string): Iterable<Workload> {
    return this.#namespaces.get(namespace)?.workloads.values() ?? [];
  }

  /** What it was before. */
  setWorkload(workload: Workload): Workload | undefined {
    const { workloads, labeled } = this.#namespace(workload.namespace);
    const id = workloadId(workload);
    const before = workloads.get(id);
    for (const text of textsOf(before?.podLabels)) takeOut(labeled, text, id);
    for (const text of textsOf(workload.podLabels)) nested(labeled, text, () => new Set<string>()).add(id);
    workloads.set(id, workload);
    return before;
  }

  deleteWorkload(workload: Pick<Workload, "namespace" | "kind" | "name">): void {
    const { workloads, labeled } = this.#namespace(workload.namespace);
    const id = workloadId(workload);
    for (const text of textsOf(workloads.get(id)?.podLabels)) takeOut(labeled, text, id);
    workloads.delete(id);
  }

  /** The workloads that it may make a difference to. */
  setService(service: Service): ReadonlySet<Workload> {
    const affected = this.deleteService(service.namespace, service.name);
    const space = this.#namespace(service.namespace);
    space.services.set(service.name, service);
    const rarest = rarestOf(space, service);
    if (rarest !== undefined) {
      space.standsUnder.set(service.name, rarest);
      nested(space.selecting, rarest, () => new Set<string>()).add(service.name);
    }
    return new Set([...affected, ...selectedBy(space, service)]);
  }

  /** As `setService`. */
  deleteService(namespace: string, name: string): ReadonlySet<Workload> {
    const space = this.#namespace(namespace);
    const before = space.services.get(name);
    if (!before) return new Set();
    space.services.delete(name);
    takeOut(space.selecting, space.standsUnder.get(name) ?? "", name);
    space.standsUnder.delete(name);
    return selectedBy(space, before);
  }

  /** As `setService`. */
  setWays(namespace: string, ingress: string, ways: readonly Way[]): ReadonlySet<Workload> {
    const affected = this.deleteWays(namespace, ingress);
    const space = this.#namespace(namespace);
    space.ways.set(ingress, ways);
    for (const way of ways) {
      const ofService = nested(space.waysTo, way.service, () => new Map<string, readonly Way[]>());
      ofService.set(ingress, [...(ofService.get(ingress) ?? []), way]);
    }
    return new Set([...affected, ...ledToBy(space, ways)]);
  }

  /** As `setService`. */
  deleteWays(namespace: string, ingress: string): ReadonlySet<Workload> {
    const space = this.#namespace(namespace);
    const before = space.ways.get(ingress) ?? [];
    space.ways.delete(ingress);
    for (const { service } of before) {
      const ofService = space.waysTo.get(service);
      ofService?.delete(ingress);
      if (ofService?.size === 0) space.waysTo.delete(service);
    }
    return ledToBy(space, before);
  }

  /** What leads to a workload. */
  surroundings(workload: Workload): Surroundings {
    const space = this.#namespaces.get(workload.namespace);
    if (!space) return { ways: [] };
    const names = textsOf(workload.podLabels).flatMap((text) => [...(space.selecting.get(text) ?? [])]);
    const services = names.flatMap((name) => space.services.get(name) ?? []);
    const ways = names.flatMap((name) => [...(space.waysTo.get(name)?.values() ?? [])].flat());
    return surroundingsOf(workload, services, ways);
  }

  /** Where something of one of these names is, of one kind and in the namespaces of a scope. */
  *namesOf(
    kind: WorkloadKind | "service" | "ingress",
    scope: string | undefined,
  ): Iterable<{ readonly namespace: string; readonly name: string }> {
    for (const [namespace, space] of this.#namespaces) {
      if (scope !== undefined && scope !== namespace) continue;
      if (kind === "service") for (const name of space.services.keys()) yield { namespace, name };
      else if (kind === "ingress") for (const name of space.ways.keys()) yield { namespace, name };
      else for (const each of space.workloads.values()) if (each.kind === kind) yield each;
    }
  }

  /** Takes over what another catalog knows of a namespace. */
  adopt(other: Catalog, namespace: string): void {
    const space = other.#namespaces.get(namespace);
    if (space) this.#namespaces.set(namespace, space);
  }

  #namespace(name: string): Namespace {
    return nested(this.#namespaces, name, () => new Namespace());
  }
}

/** The label of a Service's selector that fewest workloads and Services share; undefined where it selects nothing. */
function rarestOf({ labeled, selecting }: Namespace, { selector }: Service): string | undefined {
  const share = (text: string): number => (labeled.get(text)?.size ?? 0) + (selecting.get(text)?.size ?? 0);
  return textsOf(selector)
    .map((text) => ({ text, share: share(text) }))
    .sort((a, b) => a.share - b.share)[0]?.text;
}

/** The workloads whose pods a Service selects. */
function selectedBy({ labeled, workloads }: Namespace, { selector }: Service): Set<Workload> {
  const sets = textsOf(selector).map((text) => labeled.get(text) ?? NONE);
  const fewest = sets.reduce((a, b) => (b.size < a.size ? b : a), sets[0] ?? NONE);
  const found = [...fewest].flatMap((id) => workloads.get(id) ?? []);
  return new Set(found.filter(({ podLabels }) => selects(selector, podLabels)));
}

/** The workloads behind the Services that ways lead to. */
function ledToBy(space: Namespace, ways: readonly Way[]): Set<Workload> {
  const names = new Set(ways.map(({ service }) => service));
  const services = [...names].flatMap((name) => space.services.get(name) ?? []);
  return new Set(services.flatMap((service) => [...selectedBy(space, service)]));
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
  const led = new Set(ways.map(({ service }) => service));
  const service =
    fits.find(({ name }) => led.has(name)) ??
    fits.find(({ clusterIp }) => clusterIp !== undefined) ??
    fits[0];
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

function textsOf(labels: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

function nested<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}

function takeOut(index: Map<string, Set<string>>, text: string, name: string): void {
  const names = index.get(text);
  names?.delete(name);
  if (names?.size === 0) index.delete(text);
}
