import type { Usage } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { statusOf } from "./guest.ts";

/**
 * Bytes since the guest's start, and its CPU seconds: these are put together from the share of CPU at each call,
 * so they are an estimate. Undefined for a guest that does not run or does not exist.
 */
export async function usage(cluster: Cluster, vmid: number, signal: AbortSignal): Promise<Usage | undefined> {
  const look = await cluster.look(vmid, signal);
  if (!look || statusOf(look.current) === "exited") return undefined;
  const { current } = look;
  return {
    ...(current.netin !== undefined && { receivedBytes: current.netin }),
    ...(current.netout !== undefined && { sentBytes: current.netout }),
    cpuSeconds: cluster.memory.cpuSeconds(vmid, current, cluster.clock.monotonic()),
  };
}
