import type { LogLimit } from "../provider.ts";
import { logLines } from "../log-lines.ts";
import type { Cluster } from "./cluster.ts";
import { statusOf } from "./errors.ts";
import { pathOf, RESOURCES, rightTo } from "./paths.ts";
import { standing } from "./standing.ts";

/** Which container of a pod kubectl takes when none is named. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** The last lines of the oldest pod that is ready, else of the newest; none where there is no pod. */
export async function readLogs(
  cluster: Cluster,
  id: string,
  limit: LogLimit,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const workload = await cluster.mustFind(id, signal);
  const { pod } = standing(workload, await cluster.pods(workload, signal));
  const name = pod?.metadata.name;
  if (name === undefined) return [];
  const container = pod?.metadata.annotations?.[DEFAULT_CONTAINER] ?? pod?.spec?.containers?.[0]?.name;
  const path = `${pathOf(RESOURCES.pod, workload.namespace)}/${encodeURIComponent(name)}/log`;
  try {
    const query = { container, tailLines: limit.lines };
    const right = rightTo("get", RESOURCES.pod, "log");
    return logLines(await cluster.connection.text({ right, path, query, what: id }, signal), limit);
  } catch (error) {
    const status = statusOf(error);
    // 400: its container waits to be started. 404: the pod went in between.
    if (status === 400 || status === 404) return [];
    throw error;
  }
}
