import { readComposeLabels } from "../config/labels/compose.ts";
import type { ListenAddress } from "../config/model/stream.ts";
import type { InstanceSummary } from "../providers/provider.ts";
import type { Scene } from "./scene.ts";

/** Where others find Wakegate, to be written into their configuration. */
export interface Places {
  /** `wakegate:9190`. */
  readonly internal: string;
  readonly public: string;
  /** Its service in Compose, or `wakegate`. */
  readonly service: string;
  /** It runs in a container of its own network. */
  readonly inContainer: boolean;
}

/** Names in a container's network, the loopback address elsewhere. */
export function placesOf({ engines, settings }: Pick<Scene, "engines" | "settings">): Places {
  const own = engines.find(({ self }) => self !== undefined);
  const self = own?.self;
  const inContainer = self !== undefined && self.hostNetwork !== true;
  const at = ({ host, port }: ListenAddress): string => {
    const everywhere = host === "0.0.0.0" || host === "::";
    const name = inContainer
      ? own?.kind === "kubernetes"
        ? clusterNameOf(self)
        : serviceOf(self)
      : everywhere
        ? "127.0.0.1"
        : host.includes(":")
          ? `[${host}]`
          : host;
    return `${name}:${String(port)}`;
  };
  return {
    internal: at(settings.listen),
    public: at(settings.publicListen),
    service: self ? serviceOf(self) : "wakegate",
    inContainer,
  };
}

/** Of the Service that is called as its workload: from every namespace. */
function clusterNameOf(self: InstanceSummary): string {
  const { service = self.name, project = "default" } = readComposeLabels(self.labels);
  return `${service}.${project}.svc.cluster.local`;
}

/** Wakegate's own container. */
export function selfOf(engines: Scene["engines"]): InstanceSummary | undefined {
  return engines.find(({ self }) => self !== undefined)?.self;
}

/** The name that a container's owner knows it by: its Compose service, else its own. */
export function serviceOf({ name, labels }: Pick<InstanceSummary, "name" | "labels">): string {
  return readComposeLabels(labels).service ?? name;
}
