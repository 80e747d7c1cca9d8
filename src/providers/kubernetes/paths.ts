import type { WorkloadKind, WorkloadRef } from "../../config/values/kubernetes.ts";
import type { LabelSelector } from "./raw.ts";
import type { Right } from "./rights.ts";

/** Where a kind of object is found. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export const RESOURCES = {
  deployment: { group: "apps", version: "v1", plural: "deployments" },
  statefulset: { group: "apps", version: "v1", plural: "statefulsets" },
  service: { group: "", version: "v1", plural: "services" },
  ingress: { group: "networking.k8s.io", version: "v1", plural: "ingresses" },
  pod: { group: "", version: "v1", plural: "pods" },
  endpointSlice: { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" },
  podMetrics: { group: "metrics.k8s.io", version: "v1beta1", plural: "pods" },
} as const satisfies Readonly<Record<string, Resource>>;

/** The path of all objects of a kind, in one namespace or in all. */
export function pathOf({ group, version, plural }: Resource, namespace: string | undefined): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** The path of one workload. */
export function pathOfWorkload({ namespace, kind, name }: WorkloadRef): string {
  return `${pathOf(RESOURCES[kind], namespace)}/${encodeURIComponent(name)}`;
}

/** The right to do something with a kind of object. */
export function rightTo(verb: Right["verb"], { group, plural }: Resource, subresource?: string): Right {
  return { verb, group, resource: subresource === undefined ? plural : `${plural}/${subresource}` };
}

export function resourceOf(kind: WorkloadKind): Resource {
  return RESOURCES[kind];
}

/** A selector as the query `labelSelector` takes it. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case "Exists":
        return key;
      case "DoesNotExist":
        return `!${key}`;
      default:
        return `${key} ${operator === "NotIn" ? "notin" : "in"} (${values.join(",")})`;
    }
  });
  return [...equal, ...others].join(",");
}
