import { failed } from "./answers.ts";
import { shownConfig, uptimeOf, type Guest } from "./guests.ts";
import type { Task } from "./tasks.ts";
import { principalText, type Node, type Principal, type World } from "./world.ts";

const MAXMEM = 134_217_728;

/** The numbers of a guest at this moment, as its node counts them. */
function numbers(guest: Guest): Record<string, unknown> {
  const runs = guest.status === "running";
  const lxc = guest.type === "lxc";
  const memory = lxc ? MAXMEM : 67_108_864;
  return {
    status: guest.status,
    uptime: uptimeOf(guest),
    cpu: runs ? 0.000_256 : 0,
    mem: runs ? 696_320 : 0,
    maxmem: memory,
    disk: runs && lxc ? 2_036_736 : 0,
    maxdisk: lxc ? (runs ? 94_465_024 : 106_954_752) : 10_737_664,
    diskread: 0,
    diskwrite: 0,
    netin: runs ? guest.netin : 0,
    netout: runs ? guest.netout : 0,
  };
}

/** What pvestatd collected in its last round: resources are as old as that. */
export class Stats {
  #rounds = new Map<string, Record<string, unknown>>();
  readonly #world: () => World;
  readonly #timer: NodeJS.Timeout;

  constructor(world: () => World, everyMs: number) {
    this.#world = world;
    this.#timer = setInterval(() => this.collect(), everyMs);
  }

  collect(): void {
    const { guests, nodes } = this.#world();
    this.#rounds = new Map(
      [...guests.all.values()].flatMap((guest) => {
        if (nodes.get(guest.node)?.fault !== "none") return [];
        const { cpu, ...rest } = numbers(guest);
        return [
          [`${guest.type}/${String(guest.vmid)}`, { ...rest, cpu, maxcpu: guest.type === "lxc" ? 2 : 1 }],
        ];
      }),
    );
  }

  of(guest: Guest): Record<string, unknown> | undefined {
    return this.#rounds.get(`${guest.type}/${String(guest.vmid)}`);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Tags, where there are some. */
export function tagsOf({ config }: Guest): Record<string, unknown> {
  const { tags } = config;
  return typeof tags === "string" && tags !== "" ? { tags } : {};
}

/** A guest as its own node lists it: live. */
export function listedGuest(guest: Guest): Record<string, unknown> {
  const lxc = guest.type === "lxc";
  const { diskread, diskwrite, ...counts } = numbers(guest);
  // A machine that is off has no block devices to count.
  const disks = lxc || guest.status === "running" ? { diskread, diskwrite } : {};
  const { type: _, ...all } = {
    ...counts,
    ...disks,
    vmid: guest.vmid,
    name: guest.name,
    type: "",
    cpus: lxc ? 2 : 1,
    ...(guest.status === "running" && !guest.ending && { pid: guest.pid }),
    ...tagsOf(guest),
    ...(guest.lock !== undefined && { lock: guest.lock }),
    ...(guest.template && { template: 1 }),
  };
  return lxc ? { ...all, type: "lxc", swap: 0, maxswap: 0 } : all;
}

/** status/current. */
export function currentGuest(guest: Guest): Record<string, unknown> {
  if (guest.ending && guest.behaviour.socketFailures > 0) {
    guest.behaviour.socketFailures--;
    throw failed("failed to read from command socket: Connection reset by peer");
  }
  const ha = guest.ha ? { managed: 1, state: guest.ha.state, group: guest.ha.group } : { managed: 0 };
  const base = { ...listedGuest(guest), ha };
  if (guest.type === "lxc") return base;
  const runs = guest.status === "running";
  const port = `tap${String(guest.vmid)}i0`;
  return {
    ...base,
    qmpstatus: guest.prelaunch ? "prelaunch" : guest.paused ? "paused" : guest.status,
    clipboard: null,
    ...(guest.config["agent"] !== undefined && { agent: 1 }),
    ...(runs && {
      nics: { [port]: { netin: guest.netin, netout: guest.netout } },
      blockstat: { scsi0: { rd_bytes: 0, wr_bytes: 0 } },
      "proxmox-support": { "pbs-dirty-bitmap": true },
      "running-machine": "pc-i440fx-7.2+pve0",
      "running-qemu": "7.2.22",
    }),
  };
}

/** A machine of the cluster as /nodes lists it. The numbers are only for those who may audit it. */
export function listedNode(world: World, node: Node, who: Principal): Record<string, unknown> {
  const online = node.fault === "none";
  const audit = online && world.rights.has(who, `/nodes/${node.name}`, "Sys.Audit");
  return {
    id: `node/${node.name}`,
    node: node.name,
    type: "node",
    status: online ? "online" : "offline",
    level: "",
    ssl_fingerprint: node.fingerprint,
    ...(audit && { uptime: 2_087, cpu: 0.024, maxcpu: 2, mem: 998_301_696, maxmem: 25_274_793_984 }),
    ...(audit && { disk: 29_253_955_584, maxdisk: 270_553_174_016 }),
  };
}

/** A task's own status. */
export function taskStatus(task: Task): Record<string, unknown> {
  const { upid, node, type, id, who, pid, pstart, starttime, exit } = task;
  return {
    upid,
    node,
    type,
    id,
    user: who.user,
    pid,
    pstart,
    starttime,
    ...(who.token !== undefined && { tokenid: who.token }),
    status: exit === undefined ? "running" : "stopped",
    ...(exit !== undefined && { exitstatus: exit }),
  };
}

/** A task in a list: of the archive, or of those that run. */
export function listedTask(task: Task): Record<string, unknown> {
  const { upid, node, type, id, who, pid, pstart, starttime, exit, endtime } = task;
  const base = { upid, node, type, id, pid, pstart, starttime };
  if (exit === undefined) return { ...base, user: principalText(who), status: "RUNNING", saved: "0" };
  const token = who.token === undefined ? {} : { tokenid: who.token };
  return { ...base, user: who.user, ...token, status: exit, endtime };
}

/** The configuration as `pending` shows it. */
export function pendingOf(guest: Guest): unknown[] {
  return Object.entries(shownConfig(guest)).map(([key, value]) => ({ key, value }));
}
