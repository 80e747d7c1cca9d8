import type { Instance, InstanceSummary, NetworkAttachment } from "../provider.ts";
import { ProxmoxError } from "./errors.ts";
import type { Cluster, Look } from "./cluster.ts";
import { lockOf, statusOf, type Guest } from "./guest.ts";
import { liveAddresses, staticAddresses } from "./network.ts";
import { isRecord, numberOf, textOf } from "./plain.ts";

/** What `shutdown` waits for where nobody says otherwise. */
const DEFAULT_STOP_TIMEOUT_MS = 60_000;
/** An agent that is not there costs 3 s each time. Right after a boot it only is not there yet. */
const MUTE_MS = 15_000;
const NO_LABELS = {};

/** The truth about one guest, by id, number or name; undefined when there is none. */
export async function inspect(
  cluster: Cluster,
  ref: string,
  signal: AbortSignal,
): Promise<Instance | undefined> {
  const vmid = await cluster.resolve(ref, signal);
  const look = vmid === undefined ? undefined : await cluster.look(vmid, signal);
  if (!look) return undefined;
  const { guest, current } = look;
  const { values } = await cluster.notes.read(guest, signal);
  const networks = await addresses(cluster, look, values, signal);
  const locked = lockOf(guest, current);
  const startedAt = Math.round(cluster.clock.now() - current.uptime * 1_000);
  return {
    ...summaryOf(cluster, guest),
    status: statusOf(current),
    networks,
    runId: cluster.memory.runOf(guest.vmid),
    ...(statusOf(current) !== "exited" && { startedAt }),
    health: "none",
    exposedPorts: [],
    publishedPorts: [],
    stopTimeoutMs: DEFAULT_STOP_TIMEOUT_MS,
    stopSignal: "SIGTERM",
    ...(locked !== undefined && { locked }),
    // HA brings back what stops without having been asked to.
    restartPolicy: current.ha && current.ha.state !== "ignored" ? "always" : "no",
  };
}

/** A guest as a listing shows it. Of one whose node is silent the last known status is kept. */
export function summaryOf(cluster: Cluster, guest: Guest): InstanceSummary {
  const listed = guest.status === "stopped" ? "exited" : "running";
  return {
    id: cluster.idOf(guest.vmid),
    name: guest.name,
    createdAt: 0,
    image: guest.type,
    labels: cluster.discover ? cluster.notes.labels(guest) : NO_LABELS,
    // "Unknown" is not "stopped": what may run is inspected before anything is done.
    status: cluster.memory.statusOf(guest.vmid) ?? listed,
    networks: [],
  };
}

async function addresses(
  cluster: Cluster,
  { guest, current }: Look,
  config: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<readonly NetworkAttachment[]> {
  const fixed = staticAddresses(config);
  const { clock, mute } = cluster;
  const isMute = clock.monotonic() < (mute.get(guest.vmid) ?? -Infinity);
  if (current.power !== "on" || fixed.length > 0 || isMute) return fixed;
  try {
    return liveAddresses(await askInterfaces(cluster, guest, config, signal));
  } catch (error) {
    signal.throwIfAborted();
    // An address is an extra: PVE 7 cannot tell it, machines may lack the agent or we the right to ask it.
    if (!(error instanceof ProxmoxError)) throw error;
    if (guest.type === "qemu") mute.set(guest.vmid, clock.monotonic() + MUTE_MS);
    cluster.connection.log("debug", "no address known", { guest: guest.vmid, reason: error.message });
    return [];
  }
}

async function askInterfaces(
  cluster: Cluster,
  { type, node, vmid }: Guest,
  config: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<unknown> {
  if (type === "lxc") {
    return cluster.call<unknown>(signal, (api) => api.nodes.$(node).lxc.$(vmid).interfaces.$get());
  }
  // Without the agent this call costs 3 s of a worker.
  if (!hasAgent(config["agent"])) return [];
  const data = await cluster.call<unknown>(signal, (api) =>
    api.nodes.$(node).qemu.$(vmid).agent["network-get-interfaces"].$get(),
  );
  return isRecord(data) ? data["result"] : data;
}

/** `1`, `1,fstrim_cloned_disks=1` or `enabled=1`. */
function hasAgent(written: unknown): boolean {
  return numberOf(written) === 1 || /^(enabled=)?1(,|$)/.test(textOf(written) ?? "");
}
