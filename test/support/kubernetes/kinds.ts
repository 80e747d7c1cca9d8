/** A kind of object that the simulator keeps. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

export const KINDS = {
  deployments: { group: "apps", version: "v1", plural: "deployments", kind: "Deployment" },
  statefulsets: { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet" },
  pods: { group: "", version: "v1", plural: "pods", kind: "Pod" },
  services: { group: "", version: "v1", plural: "services", kind: "Service" },
  configmaps: { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" },
  ingresses: { group: "networking.k8s.io", version: "v1", plural: "ingresses", kind: "Ingress" },
  endpointslices: {
    group: "discovery.k8s.io",
    version: "v1",
    plural: "endpointslices",
    kind: "EndpointSlice",
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** An object as it is kept: whole, and replaced as a whole. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
  // What else there is depends on its kind.
  readonly [field: string]: unknown;
}

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly uid: string;
    readonly kind: string;
    readonly name: string;
  }[];
}

export function apiVersionOf({ group, version }: Kind): string {
  return group === "" ? version : `${group}/${version}`;
}
