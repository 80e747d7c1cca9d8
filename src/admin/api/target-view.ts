import type * as z from "zod";
import type { WakeRecord } from "../../store/store.ts";
import type { AwakeSpan, TargetFacts } from "../facts/target-facts.ts";
import { plainSummary, summaryOf } from "../facts/summary.ts";
import type { Evidence, PinFact } from "../ports.ts";
import type { targetSchema } from "./schemas.ts";

/** A target as the API tells it. */
export type TargetView = z.output<typeof targetSchema>;

/** Wakes told of each target in a list. */
const LISTED_WAKES = 10;

/** Facts as JSON. `full` adds the whole history. Pure. */
export function targetView(facts: TargetFacts, full: boolean): TargetView {
  const { progress, why, lastUse, lastUseAt } = facts;
  const { failure } = progress;
  const left = why.sleepsAt === undefined ? undefined : Math.max(0, why.sleepsAt - facts.asOf);
  return {
    name: facts.name,
    displayName: facts.displayName,
    state: facts.state,
    ...moment("since", facts.since),
    hosts: [...facts.hosts],
    engine: facts.engine,
    ...(facts.container !== undefined && { container: facts.container }),
    ...(facts.idleTimeoutMs !== undefined && { idleTimeoutMs: facts.idleTimeoutMs }),
    stopMethod: facts.stopMethod,
    summary: plainSummary(summaryOf(facts), facts.asOf),
    ...moment("sleepsAt", why.sleepsAt),
    ...(left !== undefined && { sleepsInMs: left }),
    inUse: inUse(facts).length > 0,
    evidence: why.evidence.map(evidenceView),
    notes: [...why.notes],
    ...(why.pin && { pin: pinView(why.pin) }),
    ...(why.hold && { hold: pinView(why.hold) }),
    leases: [...facts.leases],
    neededBy: [...facts.neededBy],
    dependencies: facts.dependencies.map(({ name, condition, state, alsoFor }) => ({
      name,
      condition,
      state,
      alsoFor: [...alsoFor],
    })),
    pools: [...facts.pools],
    ...(lastUseAt !== undefined && { lastUse: { at: iso(lastUseAt), ...useView(lastUse) } }),
    progress: {
      phase: progress.phase,
      ...known({
        elapsedMs: rounded(progress.elapsedMs),
        etaMs: rounded(progress.etaMs),
        usuallyMs: rounded(progress.usuallyMs),
      }),
      ...(progress.waitsFor !== undefined && { waitsFor: progress.waitsFor }),
      ...(progress.room && {
        room: {
          before: progress.room.before,
          pools: [...progress.room.pools],
          yields: [...progress.room.yields],
        },
      }),
    },
    ...(failure && {
      failure: {
        reason: failure.reason,
        message: failure.message,
        at: iso(failure.at),
        tries: failure.tries,
        ...moment("nextTryAt", failure.nextTryAt),
        ...(failure.exitCode !== undefined && { exitCode: failure.exitCode }),
        ...(failure.log && { log: [...failure.log] }),
      },
    }),
    wakes: facts.wakes.slice(full ? 0 : -LISTED_WAKES).map(wakeView),
    ...(full && { awake: facts.awake.map(spanView) }),
    ...(facts.memoryBytes !== undefined && { memoryBytes: facts.memoryBytes }),
    ...(facts.unavailable !== undefined && { unavailable: facts.unavailable }),
  };
}

/** What would be cut by putting it to sleep now: all that holds it awake but its last request. */
export function inUse(facts: TargetFacts): readonly Evidence[] {
  return facts.why.evidence.filter(({ holding, source }) => holding && source !== "request");
}

function wakeView({ at, phases, cause, totalMs, ...rest }: WakeRecord): TargetView["wakes"][number] {
  return { at: iso(at), totalMs, phases: { ...phases }, cause: { ...cause }, ...rest };
}

function spanView({ from, to }: AwakeSpan): { from: string; to?: string } {
  return { from: iso(from), ...moment("to", to) };
}

function evidenceView({ until, ...rest }: Evidence): TargetView["evidence"][number] {
  return { ...rest, ...moment("until", until) };
}

function pinView({ until, reason, by, at }: PinFact): NonNullable<TargetView["pin"]> {
  return { ...moment("until", until), reason, by, at: iso(at) };
}

function useView(use: TargetFacts["lastUse"]): Omit<NonNullable<TargetView["lastUse"]>, "at"> {
  return known({ client: use?.client, method: use?.method, path: use?.path, userAgent: use?.userAgent });
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function moment<K extends string>(name: K, at: number | undefined): Partial<Record<K, string>> {
  return at === undefined ? {} : ({ [name]: iso(at) } as Record<K, string>);
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

/** The fields that have a value. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
