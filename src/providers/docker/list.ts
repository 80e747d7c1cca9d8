import type Docker from "dockerode";
import type { InstanceSummary } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { inspect } from "./inspect.ts";
import { getItems } from "./modem.ts";
import { networking } from "./networking.ts";
import { toStatus } from "./status.ts";

/** All containers, running or not, in one call. */
export async function list(connection: Connection, signal: AbortSignal): Promise<InstanceSummary[]> {
  const summaries: InstanceSummary[] = [];
  const tooLittle: number[] = [];
  // Each is made into what is kept of it at once, so that the rest of thousands is not there at the same time.
  await connection.call("list", signal, async (docker, bounded) => {
    for await (const item of getItems(docker, "/containers/json", { all: true }, bounded)) {
      const container = item as Listed;
      if (saysTooLittle(container)) tooLittle.push(summaries.length);
      summaries.push(toSummary(container, connection.clock.now()));
    }
  });
  // Podman lists no network mode, and who has no network of its own may use another's.
  for (const index of tooLittle) {
    const { id = "" } = summaries[index] ?? {};
    const more = await inspect(connection, id, signal);
    if (more) summaries[index] = more;
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

function toSummary(container: Listed, now: number): InstanceSummary {
  const agoMs = endedAgoMs(container.Status);
  return {
    id: container.Id,
    name: nameOf(container),
    createdAt: container.Created * 1000,
    image: container.Image,
    // Null in the API's own way for a container that has none.
    labels: container.Labels ?? {},
    status: toStatus(container.State),
    ...(agoMs !== undefined && { endedAboutAt: now - agoMs }),
    ...networking(container.HostConfig?.NetworkMode, container.NetworkSettings?.Networks),
  };
}

const SPANS_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
};

/** How long ago it ended, from words such as "Exited (0) 3 days ago" or "Exited (137) About an hour ago"; else undefined. */
export function endedAgoMs(status: string | undefined): number | undefined {
  const words = /^Exited \(-?\d+\) (?:(?<count>\d+)|About an?|Less than a) (?<unit>[a-z]+?)s? ago$/.exec(
    status ?? "",
  );
  const unit = SPANS_MS[words?.groups?.["unit"] ?? ""];
  return unit === undefined ? undefined : Number(words?.groups?.["count"] ?? 1) * unit;
}

/** Links of other containers appear as further names, with a slash inside. */
function nameOf({ Names, Id }: Listed): string {
  const own = (Names as string[] | null)?.find((name) => name.lastIndexOf("/") === 0);
  return own?.slice(1) ?? Id.slice(0, 12);
}
