import type { Proxmox } from "proxmox-api";
import { sleep, type Clock } from "../../lib/clock.ts";
import { Emitter } from "../../lib/emitter.ts";
import { guestId, vmidOf } from "../../config/values/proxmox.ts";
import type { EngineChange, EngineSink } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { ProxmoxError } from "./errors.ts";
import { labelOf, readCurrent, readGuest, type Current, type Guest } from "./guest.ts";
import { Memory } from "./memory.ts";
import { Notes } from "./notes.ts";
import { listOf } from "./plain.ts";

/** How often, and after how long, a status is asked for again while the monitor of a container is ending. */
const SOCKET_TRIES = 10;
const SOCKET_PAUSE_MS = 300;

/** A guest and what its node says of it now. */
export interface Look {
  readonly guest: Guest;
  readonly current: Current;
}

/** What all verbs share: the connection, where the guests are, what was last known of them, and who is told. */
export class Cluster {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly memory = new Memory();
  readonly notes: Notes;
  readonly sinks = new Set<EngineSink>();
  /** Fires when other guests are to be followed. */
  readonly followedChanged = new Emitter<void>();
  readonly discover: boolean;
  /** Monotonic ms until which a guest's addresses are not asked for again: its agent did not answer. */
  readonly mute = new Map<number, number>();
  #guests = new Map<number, Guest>();
  #followed: ReadonlySet<number> = new Set();

  constructor(connection: Connection, discover: boolean) {
    this.connection = connection;
    this.clock = connection.clock;
    this.discover = discover;
    this.notes = new Notes(connection);
  }

  get engine(): string {
    return this.connection.engine;
  }

  get guests(): ReadonlyMap<number, Guest> {
    return this.#guests;
  }

  /** Numbers of the guests that are targets. */
  get followed(): ReadonlySet<number> {
    return this.#followed;
  }

  follow(ids: ReadonlySet<string>): void {
    const next = new Set([...ids].flatMap((id) => vmidOf(id) ?? []));
    const same = next.size === this.#followed.size && [...next].every((vmid) => this.#followed.has(vmid));
    this.#followed = next;
    if (!same) this.followedChanged.emit();
  }

  idOf(vmid: number): string {
    return guestId(this.engine, vmid);
  }

  call<T>(signal: AbortSignal, work: (api: Proxmox.Api) => Promise<T>): Promise<T> {
    return this.connection.call(signal, work);
  }

  tell(change: EngineChange): void {
    for (const sink of this.sinks) sink.changed(change);
  }

  /** Lists all guests that we may see. @throws ProviderError. */
  async refresh(signal: AbortSignal): Promise<ReadonlyMap<number, Guest>> {
    const entries = await this.call(signal, (api) => api.cluster.resources.$get({ type: "vm" }));
    const guests = listOf(entries).flatMap((entry) => {
      const guest = readGuest(entry);
      const before = guest && this.#guests.get(guest.vmid);
      // Of a guest whose node is silent, name and tags are left out: those that were known go on.
      if (guest?.status !== "unknown" || !before) return guest ?? [];
      return { ...guest, name: before.name, tags: before.tags };
    });
    this.#guests = new Map(guests.map((guest) => [guest.vmid, guest]));
    return this.#guests;
  }

  /** The number that an id, a number or a name stands for. Of a name that several guests have, none. */
  async resolve(ref: string, signal: AbortSignal): Promise<number | undefined> {
    const own = ref.startsWith(`${this.engine}:`) ? ref.slice(this.engine.length + 1) : ref;
    if (/^[1-9]\d{2,8}$/.test(own)) return Number(own);
    const named = (): number[] =>
      [...this.#guests.values()].flatMap(({ name, vmid }) => (name === ref ? [vmid] : []));
    if (named().length === 0) await this.refresh(signal);
    const found = named();
    return found.length === 1 ? found[0] : undefined;
  }

  /**
   * Asks the guest's node about it now, and tells what that changes. A guest that is not where it was is looked
   * up once more: it may have moved. Undefined: it does not exist.
   *
   * @throws ProviderError; also where we may not see whether it exists.
   */
  async look(vmid: number, signal: AbortSignal): Promise<Look | undefined> {
    const known = this.#guests.get(vmid);
    const first = known && (await this.#lookAt(known, signal));
    if (first) return first;
    const found = (await this.refresh(signal)).get(vmid);
    const second = found && (await this.#lookAt(found, signal));
    if (second) return second;
    await this.#mustBeVisible(vmid, signal);
    this.memory.forget(vmid);
    return undefined;
  }

  /** As `look`. @throws ProviderError `not_found` too. */
  async mustLook(vmid: number, signal: AbortSignal): Promise<Look> {
    const look = await this.look(vmid, signal);
    if (look) return look;
    throw new ProxmoxError("not_found", this.engine, `there is no guest ${String(vmid)}`);
  }

  /** A container whose monitor is just ending answers 500 for a moment. */
  async #askStatus({ node, type, vmid }: Guest, signal: AbortSignal): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.call<unknown>(signal, (api) =>
          type === "lxc"
            ? api.nodes.$(node).lxc.$(vmid).status.current.$get()
            : api.nodes.$(node).qemu.$(vmid).status.current.$get(),
        );
      } catch (error) {
        const passing = error instanceof ProxmoxError && /read from command socket/.test(error.reason ?? "");
        if (!passing || tries === SOCKET_TRIES) throw error;
        await sleep(this.clock, SOCKET_PAUSE_MS, signal);
      }
    }
  }

  /** Undefined: not on this node, or the node is not there. */
  async #lookAt(guest: Guest, signal: AbortSignal): Promise<Look | undefined> {
    try {
      const data = await this.#askStatus(guest, signal);
      const current = readCurrent(data);
      const time = { wall: this.clock.now(), monotonic: this.clock.monotonic() };
      for (const cause of this.memory.observe(guest.vmid, current, time)) {
        this.tell({ id: this.idOf(guest.vmid), cause });
      }
      return { guest, current };
    } catch (error) {
      if (error instanceof ProxmoxError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  /** Listings leave out what we may not see. That must not be taken for "does not exist". */
  async #mustBeVisible(vmid: number, signal: AbortSignal): Promise<void> {
    const path = `/vms/${String(vmid)}`;
    const rights = await this.call<unknown>(signal, (api) => api.access.permissions.$get({ path }));
    const own = (rights as Record<string, Record<string, unknown>> | null)?.[path];
    if (own && "VM.Audit" in own) return;
    const { who, aclArgument } = this.connection;
    const label = labelOf({ type: "lxc", vmid }).slice(3);
    throw new ProxmoxError(
      "engine_forbidden",
      this.engine,
      `${who} sees no guest ${label}: it lacks VM.Audit on ${path}, or there is no such guest. Give it the right by pveum acl modify ${path} ${aclArgument} --roles Wakegate`,
    );
  }
}
