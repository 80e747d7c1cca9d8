import type { InstanceStatus } from "../provider.ts";
import { isRecord, numberOf, plain, textOf } from "./plain.ts";

/** What a listing of the cluster says of a guest. Its numbers are up to 10 s old, its node is not. */
export interface Guest {
  readonly vmid: number;
  readonly type: "lxc" | "qemu";
  readonly node: string;
  readonly name: string;
  readonly tags: readonly string[];
  /** `unknown`: its node sends nothing. That says nothing about the guest. */
  readonly status: "running" | "stopped" | "unknown";
  readonly uptime: number;
}

/**
 * What a guest's live status means.
 *
 * - `paused`: virtual machines only.
 * - `shutting_down`: the API still answers `running`, but without `pid` and with `uptime` 0: the main process of the
 *   container has ended and its cleanup takes another 0.1 to 9 s. Nothing can be started until it is `off`.
 * - `prelaunch`: QEMU runs, the machine in it does not. vzdump starts a stopped machine this way to back it up; a
 *   `start` then resumes it in place, although it is locked.
 */
export type Power = "off" | "on" | "paused" | "shutting_down" | "prelaunch";

/** What the guest's own node says of it now. */
export interface Current {
  readonly power: Power;
  readonly uptime: number;
  readonly pid?: number;
  /** Why nothing may be done to it: `backup`, `migrate`, `suspended` … */
  readonly lock?: string;
  readonly template: boolean;
  /** State of its HA resource; unset: not managed by HA. */
  readonly ha?: { readonly state: string };
  /** Share of all its CPUs in use, 0 to 1. */
  readonly cpu: number;
  readonly cpus: number;
  readonly netin?: number;
  readonly netout?: number;
}

/** Reads one entry of cluster/resources; undefined for what is no guest. */
export function readGuest(entry: Readonly<Record<string, unknown>>): Guest | undefined {
  const { type, node, name, tags, status } = entry;
  const vmid = numberOf(entry["vmid"]);
  if ((type !== "lxc" && type !== "qemu") || vmid === undefined || typeof node !== "string") return undefined;
  if (!isNodeName(node)) return undefined;
  return {
    vmid,
    type,
    node,
    name: plain(textOf(name) ?? "") || `${type === "lxc" ? "ct" : "vm"}-${String(vmid)}`,
    tags: (textOf(tags) ?? "").split(/[;,\s]+/).filter((tag) => tag !== ""),
    status: status === "running" || status === "stopped" ? status : "unknown",
    uptime: numberOf(entry["uptime"]) ?? 0,
  };
}

/** Reads status/current. */
export function readCurrent(data: unknown): Current {
  const current = isRecord(data) ? data : {};
  const { status, qmpstatus, lock, ha } = current;
  const pid = numberOf(current["pid"]);
  const [netin, netout] = [numberOf(current["netin"]), numberOf(current["netout"])];
  const uptime = numberOf(current["uptime"]) ?? 0;
  return {
    power: powerOf(status, qmpstatus, pid, uptime),
    uptime,
    ...(pid !== undefined && { pid }),
    ...(typeof lock === "string" && lock !== "" && { lock: plain(lock) }),
    template: numberOf(current["template"]) === 1,
    ...(isRecord(ha) && numberOf(ha["managed"]) === 1 && { ha: { state: textOf(ha["state"]) ?? "" } }),
    cpu: numberOf(current["cpu"]) ?? 0,
    cpus: numberOf(current["cpus"]) ?? 1,
    ...(netin !== undefined && { netin }),
    ...(netout !== undefined && { netout }),
  };
}

function powerOf(status: unknown, qmpstatus: unknown, pid: number | undefined, uptime: number): Power {
  if (status !== "running") return "off";
  if (qmpstatus === "paused" || qmpstatus === "prelaunch") return qmpstatus;
  return pid === undefined && uptime === 0 ? "shutting_down" : "on";
}

/**
 * The port's word for a live status. What is shutting down has ended already: a wake waits for the cleanup. Proxmox
 * does not tell a guest that never ran from one that is off.
 */
export function statusOf({ power }: Pick<Current, "power">): InstanceStatus {
  if (power === "on") return "running";
  return power === "paused" ? "paused" : "exited";
}

/**
 * Why Proxmox refuses to stop or pause a guest now: undefined where nothing does. `suspended` is how a hibernated
 * machine is marked, which runs no more.
 */
export function lockOf(guest: Pick<Guest, "type" | "vmid">, { lock }: Current): string | undefined {
  if (lock === undefined || lock === "suspended") return undefined;
  const hint =
    lock === "suspending"
      ? `: a hibernation that failed leaves this behind, see qm unlock ${String(guest.vmid)}`
      : "";
  return `${labelOf(guest)} is locked (${lock})${hint}`;
}

/** `CT 103` or `VM 200`, as Proxmox itself calls them. */
export function labelOf({ type, vmid }: Pick<Guest, "type" | "vmid">): string {
  return `${type === "lxc" ? "CT" : "VM"} ${String(vmid)}`;
}

/** Names go into paths unescaped: nothing else may. */
export function isNodeName(name: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name);
}
