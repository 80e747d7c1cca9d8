import * as z from "zod";

/** Version of what is in Redis. Whoever changes the meaning of a key or a message counts it up. */
export const SCHEMA_VERSION = 1;

/** Lua writes an empty list as an empty object. */
function list<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (Array.isArray(value) ? value : []), z.array(item));
}

const member = z.object({ id: z.string(), name: z.string() });

/** A stop that is asked about or under way. */
const stop = z.object({
  target: z.string(),
  stop: z.number(),
  by: z.string(),
  phase: z.enum(["asked", "committed"]),
  ask: z.string(),
  /** Ms. */
  left: z.number(),
});

const synced = z.object({
  kind: z.literal("ok"),
  space: z.string(),
  /** Ms since the keyspace was begun. */
  age: z.number(),
  /** False when Redis knew nothing of us: everything has to be told again. */
  known: z.boolean(),
  seq: z.number(),
  leader: z.string(),
  members: list(member),
  lost: list(member.extend({ left: z.number() })),
  /** Member, target, JSON list of what is open. */
  uses: list(z.tuple([z.string(), z.string(), z.string()])),
  /** Target, field, JSON value; for the field `use` the ms since then. */
  entries: list(z.tuple([z.string(), z.string(), z.union([z.string(), z.number()])])),
  stops: list(stop),
});

const skewed = z.object({ kind: z.literal("schema"), schema: z.string(), others: list(z.string()) });

const reply = z.discriminatedUnion("kind", [synced, skewed]);

/** What a synchronisation answers. */
export type SyncReply = z.output<typeof reply>;
export type Synced = z.output<typeof synced>;
export type Skewed = z.output<typeof skewed>;

/** @throws when it is no answer of our own script. */
export function parseSync(answer: unknown): SyncReply {
  return reply.parse(JSON.parse(String(answer)));
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

/** What Wakegates tell each other at once. Any may be lost: the next synchronisation says the same. */
export type Message = z.output<typeof message>;

/** Undefined: not ours, or of a later version. Never throws. */
export function parseMessage(text: string): Message | undefined {
  try {
    return message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const ask = z.object({
  instance: z.string(),
  run: z.string(),
  method: z.enum(["stop", "pause", "hibernate", "kill"]),
  withinMs: z.number(),
  force: z.boolean(),
});

/** What is told to those who have to agree to a stop. */
export type Ask = z.output<typeof ask>;

/** Never throws. */
export function parseAsk(text: string): Ask | undefined {
  try {
    return ask.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The answer of a script that returns a list of texts. */
export function words(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : [String(answer)];
}
