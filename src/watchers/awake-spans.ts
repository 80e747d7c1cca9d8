import type { RecordChange, TargetRecord } from "../store/store.ts";

const MOST_SPANS = 400;
const LONGEST_AGO_MS = 31 * 24 * 3_600_000;
/** Two spans this close are one: a restart of the app is not a nap. */
const SAME_SPAN_MS = 5_000;

/** What to write down when a target is found awake at `now`. A span left open by a crash ends when it was last seen. */
export function beginAwake(record: TargetRecord | undefined, now: number, since: number): RecordChange {
  const open = record?.awakeSince;
  const seen = record?.awakeSeen;
  // Known to be the same run: the span simply goes on.
  if (open !== undefined && since <= Math.max(open, seen ?? open)) return { awakeSeen: now };
  const closed = open === undefined ? (record?.awake ?? []) : closedSpans(record, seen ?? open, now);
  const last = closed.at(-1);
  if (last && since - last[1] < SAME_SPAN_MS)
    return { awake: closed.slice(0, -1), awakeSince: last[0], awakeSeen: now };
  return { awake: closed, awakeSince: since, awakeSeen: now };
}

/** What to write down when a target stops being awake at `now`; nothing when it was not. */
export function endAwake(record: TargetRecord | undefined, now: number): RecordChange {
  if (record?.awakeSince === undefined) return {};
  return { awake: closedSpans(record, now, now), awakeSince: undefined, awakeSeen: undefined };
}

function closedSpans(
  record: TargetRecord | undefined,
  end: number,
  now: number,
): NonNullable<TargetRecord["awake"]> {
  const from = record?.awakeSince ?? end;
  const all = [...(record?.awake ?? []), [from, Math.max(from, end)] as const];
  return all.filter(([, to]) => now - to < LONGEST_AGO_MS).slice(-MOST_SPANS);
}
