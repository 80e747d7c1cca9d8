import { randomUUID } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { Activity } from "../watchers/activity/activity.ts";
import type { Evidence } from "../watchers/activity/evidence.ts";
import type { Watcher } from "../watchers/watcher.ts";
import { parseSync, schemaOf, type Synced, type SyncReply, type Timing } from "./protocol.ts";
import type { RedisConnection } from "./redis.ts";
import { SYNC } from "./scripts.ts";
import { allEntriesOf, type Entry, type SharedStore } from "./shared-store.ts";
import { plainName } from "./status.ts";

export interface ReplicaSyncOptions {
  readonly id: string;
  readonly name: string;
  readonly redis: Pick<RedisConnection, "run" | "up" | "publish">;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly store: SharedStore;
}

/** The watchers whose activity is exchanged. */
export interface SharedTargets {
  watcher(name: string): Watcher | undefined;
  readonly watchers: Iterable<Watcher>;
  /** False before they exist: until then this replica does not ask to lead. */
  readonly ready: boolean;
}

/** What a synchronization changed. */
export interface SyncResult {
  /** The keyspace is a new one; `wasKnown`: this replica knew another one before. */
  readonly isNew: boolean;
  readonly wasKnown: boolean;
  /** Targets whose use through other replicas changed. */
  readonly changed: readonly string[];
  /** There is more to send immediately. */
  readonly isMore: boolean;
}

const NOTHING: readonly Evidence[] = [];

/** Sends what is new on this replica, and applies what is new on the others to the store and the watchers. */
export class ReplicaSync {
  readonly #options: ReplicaSyncOptions;
  readonly #outbox: Outbox;
  #usedByOthers: ReadonlyMap<string, readonly Evidence[]> = new Map();
  #space = "";
  #seq = 0;

  constructor(options: ReplicaSyncOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.clock, options.store);
  }

  get isEmpty(): boolean {
    return this.#outbox.isEmpty;
  }

  usedElsewhere(name: string): readonly Evidence[] {
    return this.#usedByOthers.get(name) ?? NOTHING;
  }

  /** Notes a use. Returns true when there was none to send before. */
  used(name: string): boolean {
    return this.#outbox.used(name);
  }

  /** Whether a use of this target was not sent yet. */
  hasUnsentUse(name: string): boolean {
    return this.#outbox.hasUse(name);
  }

  changed(entries: readonly Entry[]): void {
    this.#outbox.changed(entries);
  }

  /**
   * One round trip to Redis. Returns undefined when the connection broke: everything is sent again with the next one.
   *
   * @throws Error when the reply is unusable.
   */
  async run(targets: SharedTargets, inProgress: object): Promise<SyncReply | undefined> {
    const { id, name, redis, timing } = this.#options;
    const batch = this.#outbox.take((target) => targets.watcher(target)?.activity);
    const { uses, entries } = batch;
    const who = [id, name, timing.leaseMs, timing.lostMs, targets.ready ? 1 : 0].map(String);
    const payload = JSON.stringify({ uses, entries, ...inProgress });
    const args = [...who, this.#space, String(this.#seq), payload, schemaOf(timing), randomUUID()];
    try {
      const reply = parseSync(await redis.run(SYNC, args));
      if (reply.kind === "schema") this.#outbox.putBack(batch);
      else if (entries.length > 0) void redis.publish({ k: "changed", by: id });
      return reply;
    } catch (error) {
      this.#outbox.putBack(batch);
      // A broken connection was reported already.
      if (redis.up) throw error;
      return undefined;
    }
  }

  apply(reply: Synced, targets: SharedTargets): SyncResult {
    const isNew = reply.space !== this.#space;
    const wasKnown = this.#space !== "";
    this.#space = reply.space;
    this.#seq = reply.seq;
    if (!reply.known) {
      const ready = [...targets.watchers].filter(({ state }) => state.kind === "ready");
      const names = ready.map(({ name }) => name);
      this.#outbox.sendAll(names, isNew);
    }
    this.#applyEntries(reply, targets);
    const usedByOthersNow = usedByOthers(reply);
    const changed = differing(this.#usedByOthers, usedByOthersNow);
    this.#usedByOthers = usedByOthersNow;
    return { isNew, wasKnown, changed, isMore: !reply.known };
  }

  #applyEntries({ entries }: Synced, targets: SharedTargets): void {
    const { store, clock } = this.#options;
    for (const [target, field, value] of entries) {
      const watcher = targets.watcher(target);
      if (field === "use") {
        const ago = Number(value);
        store.applyUse(target, clock.now() - ago);
        watcher?.activity.usedElsewhere(clock.monotonic() - ago);
      } else if (!this.#outbox.hasEntry(target, field) && store.apply(target, field, String(value))) {
        watcher?.orders.review();
        watcher?.activity.poke();
      }
    }
  }
}

/** What one synchronization sends, in the form that the SYNC script takes; times are ms ago. */
export interface Batch {
  readonly uses: readonly (readonly [target: string, agoMs: number, open: string])[];
  readonly entries: readonly (readonly [
    target: string,
    field: string,
    agoMs: number,
    value: string,
    keptMs: number,
  ])[];
  readonly taken: readonly (readonly [string, PendingEntry])[];
}

/** A change that was not sent yet. */
interface PendingEntry extends Entry {
  /** Monotonic ms. */
  readonly at: number;
}

/** Local uses and changes that were not sent yet. Bounded: one for each target, and one for each of its fields. */
export class Outbox {
  readonly #clock: Clock;
  readonly #store: SharedStore;
  readonly #uses = new Set<string>();
  readonly #entries = new Map<string, PendingEntry>();

  constructor(clock: Clock, store: SharedStore) {
    this.#clock = clock;
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#uses.size === 0 && this.#entries.size === 0;
  }

  /** Returns true when there was no use to send before. */
  used(name: string): boolean {
    const first = this.#uses.size === 0;
    this.#uses.add(name);
    return first;
  }

  hasUse(name: string): boolean {
    return this.#uses.has(name);
  }

  hasEntry(target: string, field: string): boolean {
    return this.#entries.has(`${target}\n${field}`);
  }

  changed(entries: readonly Entry[]): void {
    const at = this.#clock.monotonic();
    for (const entry of entries) this.#entries.set(`${entry.target}\n${entry.field}`, { ...entry, at });
  }

  /**
   * Sends everything again, because Redis has no record of this replica. A `fresh` keyspace also gets all entries, dated
   * long ago, so that a newer value of another replica wins.
   */
  sendAll(names: readonly string[], fresh: boolean): void {
    for (const name of names) this.#uses.add(name);
    if (!fresh) return;
    for (const [name, record] of this.#store.targets()) {
      for (const entry of allEntriesOf(name, record)) {
        const key = `${name}\n${entry.field}`;
        if (!this.#entries.has(key)) this.#entries.set(key, { ...entry, at: Number.NEGATIVE_INFINITY });
      }
    }
  }

  /** Takes everything that is to be sent. The caller puts it back when sending fails. */
  take(activityOf: (name: string) => Activity | undefined): Batch {
    const now = this.#clock.monotonic();
    const uses = [...this.#uses].flatMap((name) => {
      const activity = activityOf(name);
      return activity ? [[name, now - activity.lastUse, leasesInUse(activity.leases)] as const] : [];
    });
    const taken = [...this.#entries];
    this.#uses.clear();
    this.#entries.clear();
    const entries = taken.map(([, { target, field, value, keptMs, at }]) => {
      return [target, field, Math.min(now - at, LONG_AGO_MS), value, keptMs] as const;
    });
    return { uses, entries, taken };
  }

  putBack({ uses, taken }: Batch): void {
    for (const [name] of uses) this.#uses.add(name);
    for (const [key, entry] of taken) if (!this.#entries.has(key)) this.#entries.set(key, entry);
  }
}

/** Older than any other entry. */
const LONG_AGO_MS = 365 * 86_400_000;

/** What keeps targets in use through other replicas, by target. Pure. */
export function usedByOthers({
  uses,
  members,
  lost,
}: Pick<Synced, "uses" | "members" | "lost">): ReadonlyMap<string, readonly Evidence[]> {
  const names = new Map([...lost, ...members].map(({ id, name }) => [id, plainName(name)]));
  const found = new Map<string, Evidence[]>();
  for (const [member, target, text] of uses) {
    const through = names.get(member) ?? member;
    const gone = lost.some(({ id }) => id === member) ? " (lost)" : "";
    for (const what of listOf(text)) {
      const detail = `${what}, on replica ${through}${gone}`;
      const evidence: Evidence = { source: "replicas", kind: "in-use", detail, who: [what] };
      const before = found.get(target);
      if (before) before.push(evidence);
      else found.set(target, [evidence]);
    }
  }
  return found;
}

/** Targets whose evidence differs between two such maps. Pure. */
export function differing(
  a: ReadonlyMap<string, readonly Evidence[]>,
  b: ReadonlyMap<string, readonly Evidence[]>,
): readonly string[] {
  const text = (map: typeof a, name: string): string => JSON.stringify(map.get(name) ?? []);
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => text(a, name) !== text(b, name));
}

/** The leases of a target as JSON: equal ones are counted, at most twenty lines. Pure. */
export function leasesInUse(leases: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const what of leases) counts.set(what, (counts.get(what) ?? 0) + 1);
  const lines = [...counts].map(([what, n]) => (n === 1 ? what : `${String(n)} × ${what}`));
  return JSON.stringify(lines.slice(0, 20));
}

function listOf(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 ? list.map(String) : ["use"];
  } catch {
    return ["use"];
  }
}

export interface SyncLoopOptions {
  readonly clock: Clock;
  /** Ms until the next run, read after each one. */
  readonly everyMs: () => number;
  readonly run: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** Runs a function repeatedly, never twice at once. The first run starts immediately. */
export class SyncLoop implements Disposable {
  readonly #options: SyncLoopOptions;
  #timer: Disposable | undefined;
  /** Monotonic ms. */
  #dueAt = Number.POSITIVE_INFINITY;
  #running = false;
  #again = false;
  #closed = false;

  constructor(options: SyncLoopOptions) {
    this.#options = options;
    this.within(0);
  }

  /** Starts the next run within `ms`. With 0 during a run, another one follows immediately. */
  within(ms: number): void {
    if (this.#closed) return;
    if (this.#running) this.#again ||= ms === 0;
    else if (this.#options.clock.monotonic() + ms < this.#dueAt) this.#arm(ms);
  }

  /** Starts another run immediately after the current one. */
  again(): void {
    this.#again = true;
  }

  #arm(ms: number): void {
    const { clock } = this.#options;
    this.#timer?.[Symbol.dispose]();
    this.#dueAt = clock.monotonic() + ms;
    this.#timer = clock.after(ms, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#running = true;
    this.#again = false;
    try {
      await this.#options.run();
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#running = false;
      if (!this.#closed) this.#arm(this.#again ? 0 : this.#options.everyMs());
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }
}
