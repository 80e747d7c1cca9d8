import * as z from "zod";
import type { TargetRecord } from "./store.ts";

/** The only version of the state file that this Wakegate reads and writes. */
export const STATE_VERSION = 1;

/** What a state file holds, or why it cannot be used. */
export type Parsed =
  | {
      readonly kind: "good";
      readonly targets: ReadonlyMap<string, TargetRecord>;
      /** Records that could not be read, each with its reason. The others are fine. */
      readonly spoilt: readonly string[];
    }
  | { readonly kind: "bad"; readonly reason: string };

const milliseconds = z.number().finite();

const cause = z.object({
  by: z.enum(["request", "stream", "dependant", "operator", "retry", "schedule"]),
  client: z.string().exactOptional(),
  method: z.string().exactOptional(),
  host: z.string().exactOptional(),
  path: z.string().exactOptional(),
  userAgent: z.string().exactOptional(),
});

const wake = z.object({
  at: milliseconds,
  from: z.enum(["stopped", "paused", "created"]),
  outcome: z.enum(["ready", "failed"]),
  totalMs: milliseconds,
  phases: z.object({
    stopping: milliseconds.exactOptional(),
    room: milliseconds.exactOptional(),
    dependencies: milliseconds.exactOptional(),
    starting: milliseconds.exactOptional(),
    probing: milliseconds.exactOptional(),
  }),
  cause,
  failure: z.string().exactOptional(),
});

const stopIntent = z.object({
  instance: z.string(),
  run: z.string(),
  method: z.enum(["stop", "pause", "hibernate", "kill"]),
  at: milliseconds,
  until: milliseconds,
});

const order = z.object({
  at: milliseconds,
  until: milliseconds.exactOptional(),
  reason: z.string().exactOptional(),
  by: z.string().exactOptional(),
});

/** One target. Unknown fields, written by a later version, are dropped. */
const record: z.ZodType<TargetRecord> = z.object({
  lastActivity: milliseconds.exactOptional(),
  stopIntent: stopIntent.exactOptional(),
  startedRun: z.string().exactOptional(),
  startIntent: z.object({ run: z.string() }).exactOptional(),
  wakes: z.array(wake).exactOptional(),
  routes: z
    .array(z.object({ host: z.string(), prefix: z.string(), since: milliseconds.exactOptional() }))
    .exactOptional(),
  displayName: z.string().exactOptional(),
  asleepSince: milliseconds.exactOptional(),
  awake: z.array(z.tuple([milliseconds, milliseconds])).exactOptional(),
  awakeSince: milliseconds.exactOptional(),
  awakeSeen: milliseconds.exactOptional(),
  memoryBytes: z.number().exactOptional(),
  napped: z.object({ run: z.string(), at: milliseconds }).exactOptional(),
  pin: order.exactOptional(),
  hold: order.exactOptional(),
  leases: z.record(z.string(), z.object({ what: z.string(), until: milliseconds })).exactOptional(),
  noise: z.object({ bytesPerSecond: z.number(), proxied: z.number().exactOptional() }).exactOptional(),
  sessionSince: milliseconds.exactOptional(),
  provenPort: z.number().int().min(1).max(65_535).exactOptional(),
  goneSince: milliseconds.exactOptional(),
});

const file = z.object({ version: z.unknown(), targets: z.record(z.string(), z.unknown()) });

/** Reads the text of a state file. Never throws. */
export function parseState(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "bad", reason: text === "" ? "it is empty" : "it is not JSON, perhaps cut short" };
  }
  const outer = file.safeParse(json);
  if (!outer.success) return { kind: "bad", reason: "it is not a state file of Wakegate" };
  if (outer.data.version !== STATE_VERSION) {
    return { kind: "bad", reason: `it has version ${JSON.stringify(outer.data.version) ?? "none"}` };
  }
  const targets = new Map<string, TargetRecord>();
  const spoilt: string[] = [];
  for (const [name, value] of Object.entries(outer.data.targets)) {
    const read = record.safeParse(value);
    if (read.success) targets.set(name, read.data);
    else spoilt.push(`${name}: ${issueOf(read.error)}`);
  }
  return { kind: "good", targets, spoilt };
}

function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".")} ${issue.message}`.trim() : "unreadable";
}

/** Texts of records already written once. Records are never mutated, so a text stays true for its object. */
const texts = new WeakMap<TargetRecord, string>();

/** The text of a state file: one line for each target, so that a person can read and compare it. */
export function formatState(targets: ReadonlyMap<string, TargetRecord>): string {
  const lines: string[] = [];
  for (const [name, value] of targets) {
    let text = texts.get(value);
    if (text === undefined) {
      text = JSON.stringify(value);
      texts.set(value, text);
    }
    lines.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{"version":${String(STATE_VERSION)},"targets":{\n${lines.join(",\n")}\n}}\n`;
}
