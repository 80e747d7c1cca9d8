import type { Connection } from "./connection.ts";
import type { Guest } from "./guest.ts";
import { guestLabels } from "./labels.ts";
import { isRecord, textOf } from "./plain.ts";

/** What a guest's configuration says that concerns us. */
export interface GuestConfig {
  readonly values: Readonly<Record<string, unknown>>;
  /** Its notes, as people write them in the web interface. */
  readonly notes: string;
}

interface Kept extends GuestConfig {
  /** Monotonic ms. */
  readonly at: number;
}

/** How long a configuration is believed before it is read again. Nobody tells of changes. */
const BELIEVED_MS = 60_000;

/** The guests' configurations, read when they are needed and kept for a while. */
export class Notes {
  readonly #connection: Connection;
  readonly #kept = new Map<number, Kept>();
  /** The same object as long as the labels are the same: they are compared often. */
  readonly #labels = new Map<
    number,
    { readonly key: string; readonly labels: Readonly<Record<string, string>> }
  >();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Reads the configuration, unless it was read within `believedMs`. @throws ProviderError. */
  async read(guest: Guest, signal: AbortSignal, believedMs = BELIEVED_MS): Promise<GuestConfig> {
    const { clock } = this.#connection;
    const kept = this.#kept.get(guest.vmid);
    if (kept && clock.monotonic() - kept.at < believedMs) return kept;
    const data = await this.#connection.call<unknown>(signal, (api) => {
      const node = api.nodes.$(guest.node);
      return guest.type === "lxc"
        ? node.lxc.$(guest.vmid).config.$get()
        : node.qemu.$(guest.vmid).config.$get();
    });
    const values = isRecord(data) ? data : {};
    const fresh = { values, notes: textOf(values["description"]) ?? "", at: clock.monotonic() };
    this.#kept.set(guest.vmid, fresh);
    return fresh;
  }

  /** True when its configuration was not read within `ms`. */
  isOld({ vmid }: Guest, ms: number): boolean {
    const kept = this.#kept.get(vmid);
    return !kept || this.#connection.clock.monotonic() - kept.at >= ms;
  }

  /** Labels out of tags and the notes that were read last. */
  labels({ vmid, tags }: Guest): Readonly<Record<string, string>> {
    const notes = this.#kept.get(vmid)?.notes ?? "";
    const key = JSON.stringify([tags, notes]);
    const before = this.#labels.get(vmid);
    if (before?.key === key) return before.labels;
    const labels = guestLabels(tags, notes);
    this.#labels.set(vmid, { key, labels });
    return labels;
  }

  forget(vmid: number): void {
    this.#kept.delete(vmid);
    this.#labels.delete(vmid);
  }
}
