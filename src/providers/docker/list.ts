import type Docker from "dockerode";
import type { InstanceSummary } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { inspect } from "./inspect.ts";
import { networking } from "./networking.ts";
import { toStatus } from "./status.ts";

/** All containers, running or not, in one call. */
export async function list(connection: Connection, signal: AbortSignal): Promise<InstanceSummary[]> {
  const containers = await connection.call("list", signal, (docker, abortSignal) =>
    docker.listContainers({ all: true, abortSignal }),
  );
  const summaries: InstanceSummary[] = [];
  for (const container of containers) {
    // Podman lists no network mode, and who has no network of its own may use another's.
    const more = saysTooLittle(container) ? await inspect(connection, container.Id, signal) : undefined;
    summaries.push(more ?? toSummary(container));
  }
  return summaries;
}

function saysTooLittle({ HostConfig, NetworkSettings }: Listed): boolean {
  return !HostConfig && Object.keys(NetworkSettings?.Networks ?? {}).length === 0;
}

/** Podman leaves out what the type takes for granted. */
type Listed = Omit<Docker.ContainerInfo, "HostConfig" | "NetworkSettings"> & {
  readonly HostConfig?: Docker.ContainerInfo["HostConfig"] | null;
  readonly NetworkSettings?: Docker.ContainerInfo["NetworkSettings"] | null;
};

function toSummary(container: Listed): InstanceSummary {
  return {
    id: container.Id,
    name: nameOf(container),
    createdAt: container.Created * 1000,
    image: container.Image,
    // Null in the API's own way for a container that has none.
    labels: container.Labels ?? {},
    status: toStatus(container.State),
    ...networking(container.HostConfig?.NetworkMode, container.NetworkSettings?.Networks),
  };
}

/** Links of other containers appear as further names, with a slash inside. */
function nameOf({ Names, Id }: Listed): string {
  const own = (Names as string[] | null)?.find((name) => name.lastIndexOf("/") === 0);
  return own?.slice(1) ?? Id.slice(0, 12);
}
