import type Docker from "dockerode";
import type { Usage } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { checkReference } from "./reference.ts";

/** From this API on, the engine answers without waiting for a second sample. */
const ONE_SHOT = "1.41";

/** Counters of a running container since its start; undefined for one that does not run or does not exist. */
export async function usage(
  connection: Connection,
  id: string,
  signal: AbortSignal,
): Promise<Usage | undefined> {
  checkReference(connection.engine, id);
  const stats = await connection.call("usage", signal, (docker, abortSignal) => {
    const options = {
      stream: false as const,
      ...(connection.supports(ONE_SHOT) && { "one-shot": true }),
      abortSignal,
    };
    return docker.getContainer(id).stats(options);
  });
  // Podman does not call its JSON so.
  return toUsage(typeof stats === "string" ? (JSON.parse(stats || "{}") as Docker.ContainerStats) : stats);
}

function toUsage(stats: Docker.ContainerStats): Usage | undefined {
  // Absent in the host's network namespace and in another container's.
  const networks = Object.values((stats.networks as Docker.NetworkStats | undefined) ?? {});
  const cpu = (stats.cpu_stats as Docker.CPUStats | undefined)?.cpu_usage.total_usage ?? 0;
  if (networks.length === 0 && cpu === 0) return undefined;
  const memory = memoryOf(stats);
  return {
    cpuSeconds: cpu / 1e9,
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(networks.length > 0 && {
      receivedBytes: networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
      sentBytes: networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
    }),
  };
}

/** As `docker stats` shows it: the file cache is not counted (cgroup v2 and v1). */
function memoryOf(stats: Docker.ContainerStats): number | undefined {
  const memory = stats.memory_stats as
    { usage?: number; stats?: { inactive_file?: number; total_inactive_file?: number } } | undefined;
  if (memory?.usage === undefined) return undefined;
  const cache = memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0;
  return Math.max(0, memory.usage - cache);
}
