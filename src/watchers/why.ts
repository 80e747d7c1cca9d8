import type { TargetSpec } from "../config/model.ts";
import type { Order, WakeRecord } from "../store/store.ts";
import type { Evidence } from "./activity/evidence.ts";
import type { LastLook } from "./activity/last-look.ts";
import type { RegularUser } from "./activity/users.ts";
import type { Use } from "./handle.ts";
import type { Learned } from "./history.ts";
import type { MayNotWake } from "./progress.ts";
import type { RoomNews } from "./pools/room.ts";
import { ruleNameOf } from "./rule-name.ts";
import type { SilentPort } from "./readiness/silent-port.ts";
import { dayTime, span } from "./say.ts";
import type { State } from "./state.ts";
import { lineOf, type WhyLine } from "./why-line.ts";
import { sourcesOf, type WhySource } from "./why-sources.ts";

/** Everything that the report is made of. Moments are wall ms, spans ms. */
export interface WhyInput {
  readonly spec: TargetSpec;
  readonly state: State;
  readonly engine: string;
  readonly now: number;
  readonly mono: number;
  /** Since the last evidence of use. */
  readonly unusedMs: number;
  /** Since the last counted request or session; unset: none since Wakegate's start. */
  readonly sinceRequestMs?: number;
  readonly lastUse?: Use;
  readonly users: readonly RegularUser[];
  /** What holds it awake without a look. */
  readonly holders: readonly Evidence[];
  /** `min_uptime`, while it holds. */
  readonly uptime?: Evidence;
  readonly lastLook?: LastLook;
  /** Since when looks find it in use, one after the other. */
  readonly heldSince?: number;
  /** It exists only because others need it: it has no idle time, and is ours to stop only when we started it. */
  readonly dependencyOnly?: boolean;
  /** What keeps the engine from starting it now. */
  readonly waitsFor?: string;
  /** Nothing listens where it is asked. */
  readonly silentPort?: SilentPort;
  /** How it stands while it waits for room. */
  readonly room?: RoomNews;
  /** It is to sleep so that others have room. */
  readonly makesRoom?: boolean;
  /** Until it counts as unused. */
  readonly dueInMs?: number;
  /** A dry run says that it would sleep, since so long. */
  readonly wouldSleepMs?: number;
  readonly mayNotWake?: MayNotWake;
  readonly pin?: Order;
  readonly learned: Learned;
  readonly lastWake?: WakeRecord;
  readonly lastActivity?: number;
  /** Which signals exist for this target at all. */
  readonly sees: { readonly connections: boolean; readonly counters: boolean };
  /** IANA name for the times of day. Default: the machine's own. */
  readonly timeZone?: string;
}

/** Why a target is awake, asleep or broken, and what comes next, for people and for machines. */
export interface WhyReport extends WhyLine {
  readonly target: string;
  readonly displayName: string;
  readonly state: State["kind"];
  readonly heading: string;
  /** Every source that was asked, also those that say no. */
  readonly sources: readonly WhySource[];
  /** Who woke it last. */
  readonly wokenBy?: { readonly at: number; readonly text: string; readonly cause: WakeRecord["cause"] };
  /** Awake for long: since when, because of what, and what would end that. */
  readonly notSlept?: {
    readonly since: number;
    readonly text: string;
    /** What to copy into the configuration. */
    readonly suggestion?: { readonly key: string; readonly value: unknown };
  };
  /** What nobody would notice here. Empty: nothing that is known of. */
  readonly blindTo: readonly string[];
}

/** Makes the report. Pure. */
export function whyOf(input: WhyInput): WhyReport {
  const { spec, state, lastWake } = input;
  const notSlept = notSleptOf(input);
  return {
    target: spec.name,
    displayName: spec.displayName,
    state: state.kind,
    heading: headingOf(state),
    ...lineOf(input),
    sources: sourcesOf(input),
    ...(lastWake && { wokenBy: wokenByOf(lastWake, input) }),
    ...(notSlept && { notSlept }),
    blindTo: blindToOf(input),
  };
}

function headingOf(state: State): string {
  if (state.kind === "error") return "Why it failed to wake";
  if (state.kind === "napping" || state.kind === "missing") return "Why it is asleep";
  return "Why it is awake";
}

function wokenByOf({ at, cause }: WakeRecord, { now, timeZone }: WhyInput): WhyReport["wokenBy"] & object {
  const when = dayTime(at, now, timeZone);
  const path = [cause.method, `${cause.host ?? ""}${cause.path ?? ""}`].filter(Boolean).join(" ");
  const words: Readonly<Record<typeof cause.by, string>> = {
    request: [`a request of ${cause.client ?? "somebody"}`, path, cause.userAgent].filter(Boolean).join(", "),
    stream: `a connection of ${cause.client ?? "somebody"}`,
    dependant: `${cause.host ?? "another target"}, which needs it`,
    operator: "an operator",
    retry: "another try after a failure",
    schedule: "its schedule",
  };
  return { at, text: `Woken ${when} by ${words[cause.by]}`, cause };
}

/** From this on, a target that does not sleep is worth a sentence. */
const LONG_MS = 3_600_000;

function notSleptOf(input: WhyInput): WhyReport["notSlept"] {
  const { state, now, holders, lastLook, heldSince, users, mono } = input;
  if (state.kind !== "ready" || now - state.since < LONG_MS) return undefined;
  const since = state.since;
  const prefix = `Not slept for ${span(now - since)}`;
  const [holder] = holders;
  if (holder) return { since, text: `${prefix}: ${sentenceOf(holder)}` };
  const found =
    heldSince === undefined ? undefined : lastLook?.evidence.find(({ kind }) => kind === "in-use");
  if (found) {
    const text = `${prefix}: ${sentenceOf(found)}`;
    const peers = found.source === "connections" ? found.who : undefined;
    return peers
      ? { since, text, suggestion: { key: "activity.ignore_peers", value: peers } }
      : { since, text };
  }
  const [regular] = users.filter(({ last, count }) => count >= 5 && mono - last < LONG_MS);
  if (!regular) return undefined;
  const every = (regular.last - regular.first) / (regular.count - 1);
  const { client, userAgent, path } = regular.use;
  const who = userAgent ?? client ?? "somebody";
  const text = `${prefix}: ${who} asks for ${path ?? "it"} every ${span(every)}`;
  const match = {
    ...(userAgent !== undefined && { user_agents: [userAgent] }),
    ...(path !== undefined && { paths: [path] }),
    ...(userAgent === undefined && client !== undefined && { clients: [client] }),
  };
  const value = { [ruleNameOf(userAgent)]: { match, counts: false } };
  return { since, text, suggestion: { key: "rules", value } };
}

function sentenceOf({ source, detail, who }: Evidence): string {
  switch (source) {
    case "connections":
      return `kept awake by ${who?.join(", ") ?? "somebody"}, ${detail}`;
    case "needed":
      return `needed by ${detail}`;
    case "pin":
      return `pinned, ${detail}`;
    case "busy_check":
      return `its busy check says ${detail}`;
    case "exec":
    case "session":
    case "lease":
    case "replicas":
    case "exempt":
    case "lock":
    case "schedule":
      return detail;
    case "caddy":
    case "network":
    case "cpu":
    case "uptime":
      return `${source}: ${detail}`;
  }
}

function blindToOf({ sees }: WhyInput): readonly string[] {
  return [
    ...(sees.connections ? [] : ["quiet WebSockets (open connections cannot be read)"]),
    ...(sees.counters ? [] : ["downloads, uploads and streams (no traffic counters)"]),
  ];
}
