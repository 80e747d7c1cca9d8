import type { Order, RecordChange, TargetRecord, TimedLease, WakeRecord } from "../store.ts";

/** A part of a target's record that all Wakegates share. The youngest change of a field counts. */
export interface Entry {
  readonly target: string;
  /** `pin`, `hold`, `startedRun`, `lease/ID`, `wake/ID`. */
  readonly field: string;
  /** JSON; empty: it is gone. */
  readonly value: string;
  /** Kept in Redis for so long, ms; 0: until it is changed. */
  readonly keptMs: number;
}

/** The history of so long is there for a Wakegate that is new. */
const WAKES_KEPT_MS = 2 * 86_400_000;
const MOST_WAKES = 50;

/** What others have to be told of a change. Pure. */
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

/** Everything of a record that others have to know, should all of it be lost. Pure. */
export function allEntriesOf(target: string, record: TargetRecord): readonly Entry[] {
  const { pin, hold, startedRun, leases } = record;
  return entriesOf(target, undefined, {
    ...(pin && { pin }),
    ...(hold && { hold }),
    ...(startedRun !== undefined && { startedRun }),
    ...(leases && { leases }),
  });
}

/** What a change that was made elsewhere means for our record; undefined: nothing. Pure. */
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
      // Written by a later version: not ours to judge.
      return undefined;
  }
}

/** Two histories as one, the oldest first. In any order, any number of times, the result is the same. Pure. */
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
