import type { KubeObject } from "./kinds.ts";
import { POD_PORT } from "./kubelet.ts";

/** How an app is put into a cluster. */
export interface AppOptions {
  readonly namespace?: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly graceSeconds?: number;
  /** It is ready when its port is open. Else: as soon as it runs. */
  readonly probed?: boolean;
  readonly gated?: boolean;
}

/** A Deployment or StatefulSet of the sleepy app. */
export function workload(name: string, options: AppOptions = {}): KubeObject {
  const { namespace = "default", replicas, env = {}, image = "sleepy", graceSeconds = 2 } = options;
  const app = { app: name };
  return {
    metadata: {
      name,
      namespace,
      labels: { ...app, ...options.labels },
      annotations: { ...options.annotations },
    },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: app },
      template: {
        metadata: { labels: app },
        spec: {
          terminationGracePeriodSeconds: graceSeconds,
          ...(options.gated && { readinessGates: [{ conditionType: "example.com/ready" }] }),
          containers: [
            {
              name: "app",
              image,
              env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
              ports: [{ containerPort: POD_PORT }],
              ...(options.probed && { readinessProbe: { tcpSocket: { port: POD_PORT } } }),
            },
          ],
        },
      },
    },
  };
}

/** The Service of an app. */
export function service(
  name: string,
  { app = name, namespace = "default", port = 80, clusterIP = undefined as string | undefined } = {},
): KubeObject {
  return {
    metadata: { name, namespace },
    spec: {
      type: "ClusterIP",
      selector: { app },
      ports: [{ name: "http", protocol: "TCP", port, targetPort: POD_PORT }],
      ...(clusterIP !== undefined && { clusterIP }),
    },
  };
}

interface IngressOptions {
  readonly to?: string;
  readonly namespace?: string;
  readonly path?: string;
  readonly port?: { readonly name: string } | { readonly number: number };
}

/** An Ingress that leads from a host to a Service. */
export function ingress(
  name: string,
  host: string,
  { to = name, namespace = "default", path = "/", port = { name: "http" } }: IngressOptions = {},
): KubeObject {
  const backend = { service: { name: to, port } };
  return {
    metadata: { name, namespace },
    spec: { rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend }] } }] },
  };
}
