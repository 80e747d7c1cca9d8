import type { WorkloadKind, WorkloadRef } from "../../config/values/kubernetes.ts";
import type { LabelSelector, RawIngress, RawService, RawWorkload, ServicePort } from "./raw.ts";

/** A Deployment or StatefulSet. */
export interface Workload extends WorkloadRef {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As the spec says it, so 1 where it says nothing. */
  readonly wanted: number;
  readonly selector: LabelSelector;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly graceMs: number;
  readonly gpu: boolean;
  readonly pods: number;
  readonly ready: number;
  readonly updated: number;
  /** Why its controller makes no pods, in its words. */
  readonly trouble: string;
}

export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** Undefined: headless, its name leads to the pods themselves. */
  readonly clusterIp?: string;
  readonly selector: Readonly<Record<string, string>>;
  /** TCP only. */
  readonly ports: readonly ServicePort[];
  /** Addresses of a load balancer. */
  readonly outside: readonly string[];
}

/** One way of an Ingress: from a host and path to a port of a Service. */
export interface Way {
  readonly namespace: string;
  /** `blog.example.com/path`. */
  readonly host: string;
  readonly service: string;
  readonly port?: number | string;
}

/** Of annotations nothing is kept but what is ours: kubectl keeps whole objects there, secrets included. */
const OURS = /^wakegate[./]/;
const GPU = /gpu|^gpu\.intel\.com\//;

/** Takes what is read of a Deployment or StatefulSet. */
export function toWorkload(kind: WorkloadKind, { metadata, spec = {}, status = {} }: RawWorkload): Workload {
  const { template, selector = {}, replicas = 1 } = spec;
  const containers = template?.spec?.containers ?? [];
  const failing = status.conditions?.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    createdAt: Date.parse(metadata.creationTimestamp ?? "") || 0,
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).filter(([name]) => OURS.test(name)),
    ),
    wanted: replicas,
    selector,
    podLabels: template?.metadata?.labels ?? {},
    image: containers[0]?.image ?? "",
    graceMs: (template?.spec?.terminationGracePeriodSeconds ?? 30) * 1_000,
    gpu: containers.some(({ resources }) =>
      Object.keys(resources?.limits ?? {}).some((key) => GPU.test(key)),
    ),
    pods: status.replicas ?? 0,
    ready: status.readyReplicas ?? 0,
    updated: status.updatedReplicas ?? 0,
    trouble: failing?.message ?? "",
  };
}

/** Takes what is read of a Service. */
export function toService({ metadata, spec = {}, status }: RawService): Service {
  const { clusterIP, selector = {}, ports = [] } = spec;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    ...(clusterIP && clusterIP !== "None" && { clusterIp: clusterIP }),
    selector,
    ports: ports
      .filter(({ protocol = "TCP" }) => protocol === "TCP")
      .map(({ name, port, targetPort }) => ({
        port,
        ...(name !== undefined && { name }),
        ...(targetPort !== undefined && { targetPort }),
      })),
    outside: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
  };
}

/** Takes what is read of an Ingress. Rules without a host lead from everywhere and name nothing. */
export function toWays({ metadata, spec }: RawIngress): readonly Way[] {
  return (spec?.rules ?? []).flatMap(({ host, http }) =>
    (http?.paths ?? []).flatMap(({ path, backend }): Way[] => {
      const { service } = backend;
      if (!host || !service) return [];
      const port = service.port?.number ?? service.port?.name;
      return [
        {
          namespace: metadata.namespace ?? "",
          host: host + prefixOf(path),
          service: service.name,
          ...(port !== undefined && { port }),
        },
      ];
    }),
  );
}

/** The plain beginning of a path: whole segments, before anything that an expression may be made of. */
function prefixOf(path = "/"): string {
  const plain = /^[\w./~-]*/.exec(path)?.[0] ?? "";
  const whole = plain === path ? plain : plain.slice(0, plain.lastIndexOf("/") + 1);
  return whole.replace(/\/+$/, "");
}
