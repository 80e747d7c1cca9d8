import { randomUUID } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import type { Evidence } from "../../watchers/activity/evidence.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Entry } from "./entries.ts";
import type { RedisLink } from "./link.ts";
import { differing, openElsewhere } from "./others.ts";
import { Outbox } from "./outbox.ts";
import type { SharedStore } from "./shared-store.ts";
import { SYNC } from "./sync-script.ts";
import type { Timing } from "./timing.ts";
import { schemaOf } from "./voice.ts";
import { parseSync, type SyncReply, type Synced } from "./wire.ts";

export interface ExchangeOptions {
  readonly id: string;
  readonly name: string;
  readonly link: Pick<RedisLink, "run" | "up" | "publish">;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly store: SharedStore;
}

/** Whose use is told, and who is told of use. */
export interface Sharing {
  watcher(name: string): Watcher | undefined;
  readonly watchers: Iterable<Watcher>;
  /** False before there are any: then we do not ask to lead. */
  readonly ready: boolean;
}

/** What a synchronisation brought. */
export interface News {
  /** The keyspace is another one than before; `wasKnown`: there was one before. */
  readonly isNew: boolean;
  readonly wasKnown: boolean;
  /** Targets that others began or ceased to use. */
  readonly changed: readonly string[];
  /** There is more to tell at once. */
  readonly isMore: boolean;
}

const NOTHING: readonly Evidence[] = [];

/** Tells what is new here, and takes what is new elsewhere: into the store, and into the watchers. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #outbox: Outbox;
  #elsewhere: ReadonlyMap<string, readonly Evidence[]> = new Map();
  #space = "";
  #seq = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.clock, options.store);
  }

  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  usedElsewhere(name: string): readonly Evidence[] {
    return this.#elsewhere.get(name) ?? NOTHING;
  }

  /** True when there was no use to tell before. */
  used(name: string): boolean {
    return this.#outbox.used(name);
  }

  /** It was used here, and the others do not know yet. */
  isUntold(name: string): boolean {
    return this.#outbox.hasUse(name);
  }

  changed(entries: readonly Entry[]): void {
    this.#outbox.changed(entries);
  }

  /**
   * One round with Redis; undefined when the connection broke meanwhile: then everything is told with the next.
   *
   * @throws when the answer is none.
   */
  async run(sharing: Sharing, underWay: object): Promise<SyncReply | undefined> {
    const { id, name, link, timing } = this.#options;
    const batch = this.#outbox.take((target) => sharing.watcher(target)?.activity);
    const { uses, entries } = batch;
    const who = [id, name, timing.leaseMs, timing.lostMs, sharing.ready ? 1 : 0].map(String);
    const payload = JSON.stringify({ uses, entries, ...underWay });
    const args = [...who, this.#space, String(this.#seq), payload, schemaOf(timing), randomUUID()];
    try {
      const reply = parseSync(await link.run(SYNC, args));
      if (reply.kind === "schema") this.#outbox.putBack(batch);
      else if (entries.length > 0) void link.publish({ k: "changed", by: id });
      return reply;
    } catch (error) {
      this.#outbox.putBack(batch);
      // What broke the connection was told as such.
      if (link.up) throw error;
      return undefined;
    }
  }

  take(reply: Synced, sharing: Sharing): News {
    const isNew = reply.space !== this.#space;
    const wasKnown = this.#space !== "";
    this.#space = reply.space;
    this.#seq = reply.seq;
    if (!reply.known) {
      const ready = [...sharing.watchers].filter(({ state }) => state.kind === "ready");
      const names = ready.map(({ name }) => name);
      this.#outbox.everything(names, isNew);
    }
    this.#takeEntries(reply, sharing);
    const elsewhere = openElsewhere(reply);
    const changed = differing(this.#elsewhere, elsewhere);
    this.#elsewhere = elsewhere;
    return { isNew, wasKnown, changed, isMore: !reply.known };
  }

  #takeEntries({ entries }: Synced, sharing: Sharing): void {
    const { store, clock } = this.#options;
    for (const [target, field, value] of entries) {
      const watcher = sharing.watcher(target);
      if (field === "use") {
        const ago = Number(value);
        store.takeUse(target, clock.now() - ago);
        watcher?.activity.usedElsewhere(clock.monotonic() - ago);
      } else if (!this.#outbox.hasEntry(target, field) && store.take(target, field, String(value))) {
        watcher?.orders.review();
        watcher?.activity.poke();
      }
    }
  }
}
