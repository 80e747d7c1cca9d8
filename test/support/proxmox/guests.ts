import { createServer, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { digestOf } from "./certificate.ts";

/** What runs inside a guest: by default an HTTP server that listens after its boot. */
export interface App {
  /** Called when the guest starts; disposed when it is off. `off` lets the guest end by itself. */
  start(off: () => void): AsyncDisposable;
}

/** How a guest behaves. Times in real ms, not scaled: they are the guest's own. */
export interface Behaviour {
  /** Loopback port of its HTTP listener; unset: none. */
  port?: number;
  bootMs: number;
  onShutdown: "obey" | "ignore";
  /** How long an obedient one takes. */
  shutdownMs: number;
  /** How long a start takes, before scaling. */
  startMs: number;
  /** The next starts fail with this text, after a moment of "running". */
  failStart?: { exit: string; log: readonly string[] } | undefined;
  /** A start is a success with so many warnings. */
  warnings: number;
  failHibernate: boolean;
  /** How long the cleanup of a container takes after its main process has ended. */
  endingMs: number;
  /** Of the next looks at it while it is ending, so many are answered with 500. */
  socketFailures: number;
  /** Says `agent` runs inside. */
  agent: boolean;
  app?: App;
}

/** One container or machine. */
export interface Guest {
  readonly vmid: number;
  readonly type: "lxc" | "qemu";
  node: string;
  name: string;
  status: "running" | "stopped";
  paused: boolean;
  /** Its main process has ended, its cleanup has not: "running" without a process, for containers. */
  ending: boolean;
  /** QEMU runs for a backup of a machine that is off. */
  prelaunch: boolean;
  pid: number;
  /** Wall ms. */
  startedAt: number;
  /** Uptime in s while it stands still. */
  frozenUptime: number | undefined;
  lock: string | undefined;
  template: boolean;
  ha: { state: string | null; group: string | null; wanted: "started" | "stopped" } | undefined;
  config: Record<string, unknown>;
  netin: number;
  netout: number;
  /** A failed restore left something behind: the next start fails. */
  debris: boolean;
  /** Its disk is gone. */
  diskMissing: boolean;
  readonly behaviour: Behaviour;
  /** Who holds its file lock now, and who waits. */
  lockQueue: Promise<void>;
  running: AsyncDisposable | undefined;
  /** Power calls that began, for tests that count. */
  readonly calls: string[];
}

/** What a test says of a new guest. */
export type GuestOptions = Partial<
  Pick<Guest, "type" | "node" | "name" | "status" | "lock" | "template"> & { config: Record<string, unknown> }
> & { readonly behaviour?: Partial<Behaviour>; readonly tags?: string; readonly notes?: string };

const BEHAVIOUR: Behaviour = {
  bootMs: 0,
  onShutdown: "obey",
  shutdownMs: 50,
  startMs: 1_300,
  warnings: 0,
  failHibernate: false,
  endingMs: 100,
  socketFailures: 0,
  agent: false,
};

/** All guests of the cluster, by number. */
export class Guests {
  readonly all = new Map<number, Guest>();
  #nextPid = 599;

  add(vmid: number, options: GuestOptions = {}): Guest {
    const { type = "lxc", node = "pve1", name = `${type === "lxc" ? "ct" : "vm"}${String(vmid)}` } = options;
    const guest: Guest = {
      vmid,
      type,
      node,
      name,
      status: "stopped",
      paused: false,
      ending: false,
      prelaunch: false,
      pid: 0,
      startedAt: 0,
      frozenUptime: undefined,
      lock: options.lock,
      template: options.template ?? false,
      ha: undefined,
      config: {
        ...(type === "lxc" ? containerConfig(vmid, name) : machineConfig(vmid, name)),
        ...options.config,
      },
      netin: 0,
      netout: 0,
      debris: false,
      diskMissing: false,
      behaviour: { ...BEHAVIOUR, ...options.behaviour },
      lockQueue: Promise.resolve(),
      running: undefined,
      calls: [],
    };
    if (options.tags !== undefined) guest.config["tags"] = sortTags(options.tags);
    if (options.notes !== undefined) guest.config["description"] = options.notes;
    this.all.set(vmid, guest);
    if (options.status === "running") this.switchOn(guest);
    return guest;
  }

  /** Runs from now on. */
  switchOn(guest: Guest): void {
    if (guest.status === "running") return;
    guest.status = "running";
    guest.paused = false;
    guest.pid = this.#nextPid++;
    guest.startedAt = Date.now();
    guest.frozenUptime = undefined;
    guest.netin = 1_047;
    guest.netout = 1_584;
    const off = (): void => void this.switchOff(guest);
    guest.running = guest.behaviour.app ? guest.behaviour.app.start(off) : listener(guest);
  }

  async switchOff(guest: Guest): Promise<void> {
    const { running } = guest;
    guest.running = undefined;
    if (guest.type === "lxc" && guest.status === "running" && guest.behaviour.endingMs > 0) {
      guest.ending = true;
      await Promise.all([running?.[Symbol.asyncDispose](), delay(guest.behaviour.endingMs)]);
      guest.ending = false;
    }
    guest.status = "stopped";
    guest.paused = false;
    guest.prelaunch = false;
    guest.frozenUptime = undefined;
    await running?.[Symbol.asyncDispose]();
  }

  /** vzdump begins: a machine that is off gets a QEMU without a running machine in it. */
  beginBackup(guest: Guest): void {
    guest.lock = "backup";
    if (guest.type !== "qemu" || guest.status === "running") return;
    guest.status = "running";
    guest.prelaunch = true;
    guest.pid = this.#nextPid++;
    guest.startedAt = Date.now();
  }

  /** vzdump ends: a machine that was not started during it is off again. */
  async endBackup(guest: Guest): Promise<void> {
    guest.lock = undefined;
    if (guest.prelaunch) await this.switchOff(guest);
  }

  /** A start during the backup: the machine begins to run in the QEMU that is there. */
  leavePrelaunch(guest: Guest): void {
    guest.prelaunch = false;
    const off = (): void => void this.switchOff(guest);
    guest.running = guest.behaviour.app ? guest.behaviour.app.start(off) : listener(guest);
  }

  async remove(vmid: number): Promise<void> {
    const guest = this.all.get(vmid);
    this.all.delete(vmid);
    if (guest) await this.switchOff(guest);
  }

  async stop(): Promise<void> {
    for (const guest of this.all.values()) await this.switchOff(guest);
  }
}

/** Seconds since its start; stands still while it is paused. */
export function uptimeOf(guest: Guest): number {
  if (guest.status !== "running" || guest.ending) return 0;
  return guest.frozenUptime ?? Math.floor((Date.now() - guest.startedAt) / 1_000);
}

/** Lower case, sorted, joined by semicolons, as they are read back. */
export function sortTags(written: string): string {
  return written
    .toLowerCase()
    .split(/[;,\s]+/)
    .filter(Boolean)
    .sort()
    .join(";");
}

/** A value of a configuration as text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The configuration as it is shown. */
export function shownConfig(guest: Guest): Record<string, unknown> {
  const config = { ...guest.config, ...(guest.lock !== undefined && { lock: guest.lock }) };
  if (guest.template) Object.assign(config, { template: 1 });
  return { ...config, digest: digestOf(config) };
}

function listener(guest: Guest): AsyncDisposable {
  const { port, bootMs } = guest.behaviour;
  if (port === undefined) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  let server: Server | undefined;
  const timer = setTimeout(() => {
    server = createServer((request, response) => {
      guest.netin += 500;
      guest.netout += 1_000;
      response.setHeader("X-App", guest.name);
      const page = request.url === "/page";
      response.writeHead(200, { "Content-Type": page ? "text/html" : "application/json" });
      response.end(
        page
          ? `<!doctype html><h1 id="app">${guest.name} is awake</h1>`
          : JSON.stringify({ app: guest.name }),
      );
    });
    server.listen(port, "127.0.0.1");
  }, bootMs);
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      const open = server;
      if (!open?.listening) return;
      open.closeAllConnections();
      await new Promise<void>((resolve) => open.close(() => resolve()));
    },
  };
}

function containerConfig(vmid: number, name: string): Record<string, unknown> {
  const id = String(vmid);
  return {
    arch: "amd64",
    hostname: name,
    memory: 128,
    swap: 0,
    ostype: "alpine",
    unprivileged: 1,
    rootfs: `local:${id}/vm-${id}-disk-0.raw,size=102M`,
    net0: `name=eth0,bridge=vmbr0,gw=10.99.0.1,hwaddr=BC:24:11:D0:7F:A1,ip=10.99.0.${String(vmid % 256)}/24,type=veth`,
  };
}

function machineConfig(vmid: number, name: string): Record<string, unknown> {
  const id = String(vmid);
  return {
    name,
    agent: "1",
    boot: "order=scsi0;net0",
    cores: 1,
    kvm: 0,
    memory: "64",
    meta: "creation-qemu=7.2.22,ctime=1795379065",
    net0: "virtio=BC:24:11:C0:E4:9A,bridge=vmbr0",
    scsi0: `local:${id}/vm-${id}-disk-0.raw,size=10486K`,
    scsihw: "virtio-scsi-pci",
    smbios1: "uuid=b3aa2cbc-630b-4490-bde2-0f0616558497",
    vga: "std",
    vmgenid: "b60867b5-2a28-4164-a6d0-a897e82464b5",
  };
}
