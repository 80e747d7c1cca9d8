import * as z from "zod";
import type { RedisStoreSettings } from "../config/model/store.ts";
import type { Clock } from "../lib/clock.ts";

/** Version of the keys and messages in Redis. Increase it when the meaning of one of them changes. */
export const PROTOCOL_VERSION = 1;

/** Lua encodes an empty list as an empty object. */
function list<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (Array.isArray(value) ? value : []), z.array(item));
}

const member = z.object({ id: z.string(), name: z.string() });

/** A stop that replicas are being asked about (`asked`), or that is being carried out (`committed`). */
const stop = z.object({
  target: z.string(),
  stop: z.number(),
  by: z.string(),
  phase: z.enum(["asked", "committed"]),
  ask: z.string(),
  /** Remaining ms. */
  left: z.number(),
});

const synced = z.object({
  kind: z.literal("ok"),
  /** Identifies the keyspace: another one means that Redis lost its data. */
  space: z.string(),
  /** Age of the keyspace, ms. */
  age: z.number(),
  /** False when Redis has no record of this replica: it has to send everything again. */
  known: z.boolean(),
  seq: z.number(),
  /** `ID:TOKEN`; empty without a leader. */
  leader: z.string(),
  members: list(member),
  lost: list(member.extend({ left: z.number() })),
  /** Member, target, JSON list of what is in use. */
  uses: list(z.tuple([z.string(), z.string(), z.string()])),
  /** Target, field, JSON value; for the field `use` the ms since then. */
  entries: list(z.tuple([z.string(), z.string(), z.union([z.string(), z.number()])])),
  stops: list(stop),
});

const mismatch = z.object({ kind: z.literal("schema"), schema: z.string(), others: list(z.string()) });

const reply = z.discriminatedUnion("kind", [synced, mismatch]);

/** The reply to a synchronization. */
export type SyncReply = z.output<typeof reply>;
export type Synced = z.output<typeof synced>;
/** The replicas that were here first use another protocol version, lease or grace period. */
export type Mismatch = z.output<typeof mismatch>;

/** @throws ZodError or SyntaxError when the text is not a reply of the SYNC script. */
export function parseSync(text: unknown): SyncReply {
  return reply.parse(JSON.parse(String(text)));
}

const message = z.discriminatedUnion("k", [
  z.object({ k: z.literal("ask"), target: z.string(), stop: z.number(), by: z.string(), ask: z.string() }),
  z.object({
    k: z.literal("answer"),
    target: z.string(),
    stop: z.number(),
    by: z.string(),
    yes: z.boolean(),
  }),
  z.object({ k: z.literal("committed"), target: z.string(), stop: z.number(), by: z.string() }),
  z.object({ k: z.literal("over"), target: z.string(), stop: z.number(), by: z.string() }),
  z.object({ k: z.literal("woke"), target: z.string(), by: z.string() }),
  z.object({
    k: z.literal("wake"),
    target: z.string(),
    cause: z.enum(["request", "stream", "dependant", "operator", "retry", "schedule"]),
    by: z.string(),
  }),
  z.object({ k: z.literal("left"), by: z.string() }),
  z.object({ k: z.literal("changed"), by: z.string() }),
  z.object({ k: z.literal("sleep"), target: z.string(), how: z.enum(["quiet", "force"]), by: z.string() }),
]);

/** A message on the channel. Each of them may be lost: the next synchronization carries the same information. */
export type Message = z.output<typeof message>;

/** Undefined for a message of another program or of a later version. Never throws. */
export function parseMessage(text: string): Message | undefined {
  try {
    return message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const stopQuestion = z.object({
  instance: z.string(),
  run: z.string(),
  method: z.enum(["stop", "pause", "hibernate", "kill"]),
  withinMs: z.number(),
  force: z.boolean(),
});

/** What the other replicas are asked before a stop. */
export type StopQuestion = z.output<typeof stopQuestion>;

/** Undefined for a text that is not a question. Never throws. */
export function parseStopQuestion(text: string): StopQuestion | undefined {
  try {
    return stopQuestion.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The reply of a script that returns a list of strings. */
export function words(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : [String(answer)];
}

/** All intervals, in ms, derived from the lease and the grace period. */
export interface Timing {
  /** How long a member, a leader or a wake lock stays in Redis without renewal. */
  readonly leaseMs: number;
  /** How long a lost member still counts after its lease ended. */
  readonly lostMs: number;
  /** Interval between two synchronizations. */
  readonly syncMs: number;
  /** Activity is sent with at most this delay. */
  readonly coalesceMs: number;
  /** Longest time that Redis may take to answer. */
  readonly answerMs: number;
  /** How much earlier than Redis a replica considers its lease over; also the greatest age of a commit. */
  readonly marginMs: number;
  /** Time in which the other replicas must consent to a stop. */
  readonly agreeMs: number;
  /** How long a proposed stop stays valid without a commit. */
  readonly askMs: number;
}

/** Pure. */
export function timingOf({
  leaseMs,
  lostGraceMs,
}: Pick<RedisStoreSettings, "leaseMs" | "lostGraceMs">): Timing {
  const fifth = leaseMs / 5;
  return {
    leaseMs,
    lostMs: lostGraceMs,
    syncMs: Math.min(2_000, fifth),
    coalesceMs: Math.min(1_000, fifth / 2),
    answerMs: Math.min(2_000, fifth * 2),
    marginMs: fifth,
    agreeMs: Math.min(2_000, fifth * 2),
    askMs: Math.min(5_000, leaseMs),
  };
}

/** What all replicas must have in common, as one text: protocol version, lease, grace period. */
export function schemaOf({ leaseMs, lostMs }: Pick<Timing, "leaseMs" | "lostMs">): string {
  return `${String(PROTOCOL_VERSION)} ${String(leaseMs)} ${String(lostMs)}`;
}

/** One moment on both clocks, in ms. */
export interface Moment {
  readonly wall: number;
  readonly mono: number;
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), mono: clock.monotonic() };
}

/**
 * The longer of the two clocks' intervals. The monotonic clock stops while the machine is suspended, and the wall clock
 * may jump: a jump can end a lease early, never extend it.
 */
export function elapsedMs(from: Moment, to: Moment): number {
  return Math.max(to.mono - from.mono, to.wall - from.wall);
}

/** True while a lease that was renewed by a call sent at `sentAt` certainly holds: Redis began to count later. Pure. */
export function surelyHolds(sentAt: Moment, now: Moment, { leaseMs, marginMs }: Timing): boolean {
  return elapsedMs(sentAt, now) < leaseMs - marginMs;
}

/** True while no other replica can have stopped anything without the consent of this one. Pure. */
export function surelyAsked(sentAt: Moment, now: Moment, { leaseMs, lostMs, answerMs }: Timing): boolean {
  return elapsedMs(sentAt, now) < leaseMs + lostMs - answerMs;
}
