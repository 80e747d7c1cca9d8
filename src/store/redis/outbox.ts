import type { Clock } from "../../lib/clock.ts";
import type { Activity } from "../../watchers/activity/activity.ts";
import { allEntriesOf, type Entry } from "./entries.ts";
import { openHere } from "./others.ts";
import type { SharedStore } from "./shared-store.ts";

/** What one synchronisation tells: as Redis' script takes it, times as ms ago. */
export interface Batch {
  readonly uses: readonly (readonly [target: string, agoMs: number, open: string])[];
  readonly entries: readonly (readonly [
    target: string,
    field: string,
    agoMs: number,
    value: string,
    keptMs: number,
  ])[];
  readonly taken: readonly (readonly [string, Waiting])[];
}

/** A change that the others do not know yet. */
interface Waiting extends Entry {
  /** Monotonic ms. */
  readonly at: number;
}

/** What happened here and was not told yet. Bounded: one note for each target, and one for each field of it. */
export class Outbox {
  readonly #clock: Clock;
  readonly #store: SharedStore;
  readonly #uses = new Set<string>();
  readonly #entries = new Map<string, Waiting>();

  constructor(clock: Clock, store: SharedStore) {
    this.#clock = clock;
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#uses.size === 0 && this.#entries.size === 0;
  }

  /** True when there was nothing to tell before. */
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
   * Everything is to be told (again): Redis does not know us. In a `fresh` one not even what was agreed on before: what
   * is known here counts as old, so that whoever knows better is believed.
   */
  everything(names: readonly string[], fresh: boolean): void {
    for (const name of names) this.#uses.add(name);
    if (!fresh) return;
    for (const [name, record] of this.#store.targets()) {
      for (const entry of allEntriesOf(name, record)) {
        const key = `${name}\n${entry.field}`;
        if (!this.#entries.has(key)) this.#entries.set(key, { ...entry, at: Number.NEGATIVE_INFINITY });
      }
    }
  }

  /** Takes what there is to tell. Should that fail, put it back. */
  take(activityOf: (name: string) => Activity | undefined): Batch {
    const now = this.#clock.monotonic();
    const uses = [...this.#uses].flatMap((name) => {
      const activity = activityOf(name);
      return activity ? [[name, now - activity.lastUse, openHere(activity.leases)] as const] : [];
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
    for (const [key, waiting] of taken) if (!this.#entries.has(key)) this.#entries.set(key, waiting);
  }
}

/** Older than anything that anybody remembers. */
const LONG_AGO_MS = 365 * 86_400_000;
