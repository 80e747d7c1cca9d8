import { workloadId } from "../../config/values/kubernetes.ts";
import type { Ingress, Instance, InstanceSummary, NetworkAttachment, PublishedPort } from "../provider.ts";
import type { Surroundings } from "./catalog.ts";
import type { Service, Workload } from "./objects.ts";
import type { EndpointSlice, Pod } from "./raw.ts";
import { exitOf, readyEndpoints, standing, startOf } from "./standing.ts";

/** All pods and Services of a cluster are in one network. */
const NETWORK = "cluster";

/** What describing takes besides the workload itself. */
export interface View {
  readonly surroundings: Surroundings;
  /** The addresses of Services lead there from here. */
  readonly reachable: boolean;
}

/** What a listing says of a workload: its status by the numbers that its controller keeps. Pure. */
export function summarize(workload: Workload, { surroundings, reachable }: View): InstanceSummary {
  const { wanted, pods, ready } = workload;
  const { service } = surroundings;
  const status =
    wanted === 0 ? (pods > 0 ? "running" : "exited") : ready > 0 ? "running" : ("restarting" as const);
  const ingress = ingressOf(surroundings);
  return {
    id: workloadId(workload),
    name: `${workload.namespace}/${workload.name}`,
    createdAt: workload.createdAt,
    image: workload.image,
    labels: labelsOf(workload),
    status,
    networks: reachable ? [{ name: NETWORK, address: service?.clusterIp ?? "" }] : [],
    ...(ingress && { ingress }),
  };
}

/** What an inspection says: its status by its pods, and whether its Service leads to one that is ready. Pure. */
export function describe(
  workload: Workload,
  view: View,
  pods: readonly Pod[],
  slices: readonly EndpointSlice[],
): Instance {
  const { service } = view.surroundings;
  const { status, runId, pod } = standing(workload, pods);
  const endpoints = readyEndpoints(slices);
  const startedAt = pod ? startOf(pod) : 0;
  const exit = status === "restarting" && pod ? exitOf(pod) : undefined;
  const led = service === undefined ? status === "running" : endpoints.length > 0;
  return {
    ...summarize(workload, view),
    status,
    networks: view.reachable ? attachments(service, endpoints) : [],
    runId,
    ...(status === "running" && startedAt > 0 && { startedAt }),
    ...(exit && { exit }),
    health: workload.wanted === 0 ? "none" : status === "running" && led ? "healthy" : "starting",
    exposedPorts: portsOf(service, endpoints),
    publishedPorts: publishedBy(service),
    stopTimeoutMs: workload.graceMs,
    stopSignal: "SIGTERM",
    // The kubelet's own policy makes new containers, which are seen as new runs.
    restartPolicy: "no",
    ...(workload.gpu && { gpu: true }),
  };
}

/** With the namespace in the words of Compose, so that a dependency's plain name is one of the same namespace. */
function labelsOf({ namespace, name, labels, annotations }: Workload): Readonly<Record<string, string>> {
  const ours = Object.entries(annotations).filter(([key]) => key.startsWith("wakegate."));
  return {
    "com.docker.compose.project": namespace,
    "com.docker.compose.service": name,
    ...labels,
    ...Object.fromEntries(ours.filter(([key]) => !key.startsWith("wakegate.io/"))),
  };
}

/** Hosts of the ways that lead to its Service, and the port that they lead to. */
function ingressOf({ service, ways }: Surroundings): Ingress | undefined {
  if (!service || ways.length === 0) return undefined;
  const numbers = ways.flatMap(({ port }) =>
    typeof port === "number" ? [port] : (service.ports.find(({ name }) => name === port)?.port ?? []),
  );
  const hosts = [...new Set(ways.map(({ host }) => host))].sort();
  return { hosts, ...(numbers[0] !== undefined && { port: numbers[0] }) };
}

type Endpoints = ReturnType<typeof readyEndpoints>;

/** The Service's own address; a headless one leads to the pods themselves, which have addresses only while awake. */
function attachments(service: Service | undefined, endpoints: Endpoints): readonly NetworkAttachment[] {
  const headless = service !== undefined && service.clusterIp === undefined;
  return [
    { name: NETWORK, address: service?.clusterIp ?? (headless ? endpoints[0]?.address : undefined) ?? "" },
  ];
}

/** The ports at which it is asked: the Service's; without an address of its own, the pods'. */
function portsOf(service: Service | undefined, endpoints: Endpoints): readonly number[] {
  const ports = service?.ports ?? [];
  if (service?.clusterIp !== undefined || endpoints.length === 0)
    return ascending(ports.map(({ port }) => port));
  return ascending(endpoints[0]?.ports ?? []);
}

function publishedBy(service: Service | undefined): readonly PublishedPort[] {
  return (service?.outside ?? []).flatMap((hostAddress) =>
    (service?.ports ?? []).map(({ port }) => ({ port, hostAddress, hostPort: port })),
  );
}

function ascending(ports: readonly number[]): readonly number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}
