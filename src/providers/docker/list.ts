import type Docker from "dockerode";
import type { InstanceStatus, InstanceSummary, NetworkAttachment } from "../provider.ts";
import type { Connection } from "./connection.ts";

/** All containers, running or not, in one call. */
export async function list(connection: Connection, signal: AbortSignal): Promise<InstanceSummary[]> {
  const containers = await connection.call("list", signal, (docker, abortSignal) =>
    docker.listContainers({ all: true, abortSignal }),
  );
  return containers.map(toSummary);
}

function toSummary(container: Docker.ContainerInfo): InstanceSummary {
  return {
    id: container.Id,
    name: nameOf(container),
    createdAt: container.Created * 1000,
    image: container.Image,
    // Null in the API's own way for a container that has none.
    labels: container.Labels ?? {},
    status: toStatus(container.State),
    ...networking(container.HostConfig.NetworkMode, container.NetworkSettings.Networks),
  };
}

/** Links of other containers appear as further names, with a slash inside. */
function nameOf({ Names, Id }: Docker.ContainerInfo): string {
  const own = (Names as string[] | null)?.find((name) => name.lastIndexOf("/") === 0);
  return own?.slice(1) ?? Id.slice(0, 12);
}

/** The engine's word for a state, Podman's included. */
export function toStatus(word: string): InstanceStatus {
  switch (word) {
    case "created":
    case "running":
    case "paused":
    case "restarting":
    case "removing":
    case "exited":
    case "dead":
      return word;
    case "configured":
    case "initialized":
      return "created";
    case "stopping":
      return "running";
    default:
      return "exited";
  }
}

/** The fields of a summary that say where the instance can be reached. */
export function networking(
  mode: string | undefined,
  networks:
    | Readonly<Record<string, { IPAddress?: string; GlobalIPv6Address?: string; Gateway?: string }>>
    | null
    | undefined,
): Pick<InstanceSummary, "networks" | "networkOwner" | "hostNetwork"> {
  const attached: NetworkAttachment[] = Object.entries(networks ?? {})
    .filter(([name]) => !name.startsWith("container:"))
    .map(([name, { IPAddress, GlobalIPv6Address, Gateway }]) => ({
      name,
      address: (IPAddress || GlobalIPv6Address) ?? "",
      ...(Gateway && { gateway: Gateway }),
    }));
  return {
    networks: attached,
    ...(mode?.startsWith("container:") && { networkOwner: mode.slice("container:".length) }),
    ...(mode === "host" && { hostNetwork: true }),
  };
}
