import type { Order, RecordChange, Store, TargetRecord, TimedLease, WakeRecord } from "../store/store.ts";

/**
 * The state file, and a note of every change that the other replicas need. Reading and writing stay local, so that an
 * unreachable Redis changes nothing.
 */
export class SharedStore implements Store {
  readonly #inner: Store;
  #onChange: (entries: readonly Entry[]) => void = () => undefined;
  #isRecordedElsewhere: (name: string) => boolean = () => false;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  /**
   * Calls `onChange` with the entries of each local change. A wake for which `isRecordedElsewhere` returns true is
   * recorded by the replica that started it and not by this one.
   */
  connect(
    onChange: (entries: readonly Entry[]) => void,
    isRecordedElsewhere: (name: string) => boolean,
  ): void {
    this.#onChange = onChange;
    this.#isRecordedElsewhere = isRecordedElsewhere;
  }

  target(name: string): TargetRecord | undefined {
    return this.#inner.target(name);
  }

  targets(): ReadonlyMap<string, TargetRecord> {
    return this.#inner.targets();
  }

  update(name: string, given: RecordChange): void {
    const { wakes, ...rest } = given;
    const change = wakes !== undefined && this.#isRecordedElsewhere(name) ? rest : given;
    const entries = entriesOf(name, this.#inner.target(name), change);
    this.#inner.update(name, change);
    if (entries.length > 0) this.#onChange(entries);
  }

  /** Applies a change of another replica. Returns false when it changes nothing. */
  apply(name: string, field: string, value: string): boolean {
    const change = changeOf(this.#inner.target(name), field, value);
    if (change) this.#inner.update(name, change);
    return change !== undefined;
  }

  /** Applies the time of the last use through another replica, wall ms. */
  applyUse(name: string, at: number): void {
    if (at > (this.#inner.target(name)?.lastActivity ?? 0))
      this.#inner.update(name, { lastActivity: Math.round(at) });
  }

  forget(name: string): void {
    this.#inner.forget(name);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#inner.flush(signal);
  }

  /** Does nothing: the caller that opened the state file closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** A field of a target's record that all replicas share. The most recent change wins. */
export interface Entry {
  readonly target: string;
  /** `pin`, `hold`, `startedRun`, `lease/ID`, `wake/ID`. */
  readonly field: string;
  /** JSON; empty when the field was removed. */
  readonly value: string;
  /** How long Redis keeps it, ms; 0: until it changes. */
  readonly keptMs: number;
}

/** A replica that joins receives the wake history of this period. */
const WAKES_KEPT_MS = 2 * 86_400_000;
const MOST_WAKES = 50;

/** The entries that a change of a record makes. Pure. */
export function entriesOf(
  target: string,
  before: TargetRecord | undefined,
  change: RecordChange,
): readonly Entry[] {
  const entries: Entry[] = [];
  const put = (field: string, value: unknown, keptMs = 0): void => {
    entries.push({ target, field, value: value === undefined ? "" : JSON.stringify(value), keptMs });
  };
  for (const field of ["pin", "hold", "startedRun"] as const) {
    if (field in change && !Object.is(before?.[field], change[field])) put(field, change[field]);
  }
  if ("leases" in change) {
    const old = before?.leases ?? {};
    const now = change.leases ?? {};
    for (const [id, lease] of Object.entries(now)) {
      const was = old[id];
      if (was?.until !== lease.until || was.what !== lease.what) put(`lease/${id}`, lease);
    }
    for (const id of Object.keys(old)) if (!(id in now)) put(`lease/${id}`, undefined);
  }
  const last = change.wakes?.at(-1);
  if (last && !(before?.wakes ?? []).some((wake) => wake.at === last.at))
    put(`wake/${String(last.at)}`, last, WAKES_KEPT_MS);
  return entries;
}

/** All entries of a record, for a Redis that lost its data. Wakes are not repeated. Pure. */
export function allEntriesOf(target: string, record: TargetRecord): readonly Entry[] {
  const { pin, hold, startedRun, leases } = record;
  return entriesOf(target, undefined, {
    ...(pin && { pin }),
    ...(hold && { hold }),
    ...(startedRun !== undefined && { startedRun }),
    ...(leases && { leases }),
  });
}

/** The change that an entry of another replica makes to a record; undefined for none. Pure. */
export function changeOf(
  before: TargetRecord | undefined,
  field: string,
  value: string,
): RecordChange | undefined {
  const parsed: unknown = value === "" ? undefined : JSON.parse(value);
  const [kind, id] = split(field);
  switch (kind) {
    case "pin":
    case "hold": {
      const order = parsed as Order | undefined;
      return JSON.stringify(before?.[kind]) === JSON.stringify(order) ? undefined : { [kind]: order };
    }
    case "startedRun":
      return before?.startedRun === parsed ? undefined : { startedRun: parsed as string | undefined };
    case "lease": {
      const { [id]: was, ...rest } = before?.leases ?? {};
      const lease = parsed as TimedLease | undefined;
      if (JSON.stringify(was) === JSON.stringify(lease)) return undefined;
      const leases = lease ? { ...rest, [id]: lease } : rest;
      return { leases: Object.keys(leases).length > 0 ? leases : undefined };
    }
    case "wake": {
      const wakes =
        parsed === undefined ? before?.wakes : mergeWakes(before?.wakes ?? [], [parsed as WakeRecord]);
      return wakes === before?.wakes ? undefined : { wakes };
    }
    default:
      // Written by a later version.
      return undefined;
  }
}

/** Merges two histories, oldest first. Commutative and idempotent. Pure. */
export function mergeWakes(a: readonly WakeRecord[], b: readonly WakeRecord[]): readonly WakeRecord[] {
  const all = new Map([...b, ...a].map((wake) => [JSON.stringify(wake), wake]));
  const merged = [...all]
    .sort(([textA, x], [textB, y]) => x.at - y.at || (textA < textB ? -1 : 1))
    .slice(-MOST_WAKES)
    .map(([, wake]) => wake);
  const same = merged.length === a.length && merged.every((wake, index) => wake === a[index]);
  return same ? a : merged;
}

function split(field: string): [string, string] {
  const at = field.indexOf("/");
  return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
}
