import type { MachineEngineSpec } from "./machine.ts";

export type EngineSpec =
  DockerEngineSpec | SwarmEngineSpec | ProxmoxEngineSpec | KubernetesEngineSpec | MachineEngineSpec;

export interface DockerEngineSpec {
  readonly kind: "docker";
  readonly name: string;
  /** `unix:///path`, `tcp://host:port`, `http://…` or `https://…`. */
  readonly url: string;
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** The target whose sleep is this engine's own. */
  readonly inside?: string;
}

/** A manager of a Docker Swarm, reached as any Docker engine. */
export type SwarmEngineSpec = Omit<DockerEngineSpec, "kind"> & { readonly kind: "swarm" };

export interface ProxmoxEngineSpec {
  readonly kind: "proxmox";
  readonly name: string;
  /** `https://host:port`. */
  readonly url: string;
  readonly login: ProxmoxLogin;
  /** How the server is known; unset: by the authorities that Node trusts. */
  readonly trust?: { readonly caFile: string } | { readonly fingerprint: string };
  /** Guests with our tags or notes become targets without being in the file. */
  readonly discover: boolean;
  /** The target whose sleep is this cluster's own. */
  readonly inside?: string;
}

/** A Kubernetes cluster, whose Deployments and StatefulSets are scaled. */
export interface KubernetesEngineSpec {
  readonly kind: "kubernetes";
  readonly name: string;
  /** Unset: the cluster that Wakegate itself runs in, by its service account. */
  readonly kubeconfig?: { readonly file: string; readonly context?: string };
  /** Unset: all. */
  readonly namespaces?: readonly string[];
  /** Whether the addresses of Services lead there from here. */
  readonly servicesReachable: boolean;
  /** The target whose sleep is this cluster's own. */
  readonly inside?: string;
}

/** Who Wakegate is to a Proxmox cluster. */
export type ProxmoxLogin =
  | { readonly kind: "token"; readonly id: string; readonly secret: SecretSource }
  | { readonly kind: "password"; readonly user: string; readonly secret: SecretSource };

/** A secret, or the absolute path of the file that holds it. Never to be logged or shown. */
export type SecretSource = { readonly text: string } | { readonly file: string };
