import { print } from "../../../templates/live.js";
import type { Live } from "../../../templates/live.js";
import type { WakeRecord } from "../../store/store.ts";
import type { Failure } from "../../watchers/progress.ts";
import { portsText } from "../../watchers/readiness/silent-port.ts";
import { finished, spell, WORDS } from "../text.ts";
import { awakeSummary } from "./awake-summary.ts";
import { failureText } from "./failure-text.ts";
import type { StateWord, TargetFacts } from "./target-facts.ts";

/** What one row says of a target; texts that tick are live. An absent `next` is shown as a dash. */
export interface Summary {
  readonly fact: Live;
  readonly more?: Live;
  readonly next?: Live;
  readonly nextMore?: Live;
  /** How far a wake has come, 0 to 1. */
  readonly bar?: number;
  readonly button?: "wake" | "sleep" | "retry";
}

/** A summary in plain words, for the API and the command line. */
export interface PlainSummary {
  readonly fact: string;
  readonly more?: string;
  readonly next?: string;
  readonly nextMore?: string;
}

/** The row of a target. Pure. */
export function summaryOf(facts: TargetFacts): Summary {
  if (facts.unavailable !== undefined) return unavailable(facts, facts.unavailable);
  switch (facts.state) {
    case "awake":
      return { ...awakeSummary(facts), button: "sleep" };
    case "waking":
    case "starting":
      return coming(facts);
    case "stopping":
      return stopping(facts);
    case "asleep":
      return asleep(facts);
    case "paused":
      return {
        fact: { text: "Paused for {}", ms: sinceMs(facts), zero: "Paused" },
        ...lastUsed(facts),
        ...(facts.why.sleepsAt !== undefined && {
          next: { text: "{}", ms: Math.max(0, facts.why.sleepsAt - facts.asOf), down: true, zero: "now" },
          nextMore: "until stopped",
        }),
        button: "wake",
      };
    case "closed":
      return closed(facts);
    case "failed":
      return failed(facts);
    case "unknown":
      return {
        fact: facts.progress.failure?.message ?? `Engine ${facts.engine} has not been listed yet`,
        more:
          facts.awake.at(-1)?.to === undefined && facts.awake.length > 0
            ? "Awake when last seen"
            : "Asleep when last seen",
      };
    case "gone":
      return {
        fact: "Does not exist on its engine",
        ...(facts.since !== undefined && {
          more: { text: "Route kept since {at}", at: facts.since, as: "m" },
        }),
      };
  }
}

/** The summary as it reads now. */
export function plainSummary(summary: Summary, now: number): PlainSummary {
  const say = (live: Live): string => print(live, 0, WORDS, now).replaceAll("\u00a0", " ");
  return {
    fact: say(summary.fact),
    ...(summary.more !== undefined && { more: say(summary.more) }),
    ...(summary.next !== undefined && { next: say(summary.next) }),
    ...(summary.nextMore !== undefined && { nextMore: say(summary.nextMore) }),
  };
}

/** Median length of the last good wakes; undefined before the first. */
export function usualWakeMs(wakes: readonly WakeRecord[]): number | undefined {
  const good = wakes
    .filter(({ outcome }) => outcome === "ready")
    .slice(-10)
    .map(({ totalMs, phases }) => totalMs - (phases.room ?? 0))
    .sort((a, b) => a - b);
  return good.length === 0 ? undefined : good[Math.ceil(good.length / 2) - 1];
}

/** How a state is named beside its glyph. */
export const STATE_NAMES: Readonly<Record<StateWord, string>> = {
  asleep: "asleep",
  paused: "paused",
  closed: "asleep, may not wake",
  waking: "waking",
  starting: "starting",
  awake: "awake",
  stopping: "going to sleep",
  failed: "failed to wake",
  unknown: "in an unknown state",
  gone: "not found",
};

/** A target and its state as one sentence without an end: `blog has been asleep for 3 h`. `agoMs`: since when. */
export function stateSentence(name: string, state: StateWord, agoMs: number | undefined): string {
  const ago = agoMs === undefined ? undefined : spell(agoMs).replaceAll("\u00a0", " ");
  if (state === "failed") return `${name} failed to wake${ago === undefined ? "" : ` ${ago} ago`}`;
  if (state === "gone") return `${name} is not found on its engine`;
  const word = STATE_NAMES[state];
  return ago === undefined ? `${name} is ${word}` : `${name} has been ${word} for ${ago}`;
}

function unavailable(facts: TargetFacts, message: string): Summary {
  if (facts.state === "failed") return { fact: "Cannot be used: its configuration is wrong", more: message };
  if (facts.state === "gone") return { fact: "Does not exist on its engine", more: "Its route is kept" };
  return { fact: message };
}

function coming(facts: TargetFacts): Summary {
  const { progress } = facts;
  const { elapsedMs = 0, etaMs, usuallyMs, phase, dependencies } = progress;
  if (phase === "room") return waitingForRoom(progress);
  if (progress.waitsFor !== undefined) {
    const so = { text: "{} so far", ms: elapsedMs, zero: "just begun" };
    return { fact: `Waiting: ${progress.waitsFor}`, more: so };
  }
  const ready = dependencies.filter(({ status }) => status === "ready").length;
  const { silentPorts } = progress;
  if (silentPorts) {
    const most = progress.deadlineMs === undefined ? "" : `, ${finished(progress.deadlineMs)} at most`;
    return {
      fact: `Nothing listens on its ${portsText(silentPorts)}`,
      more: { text: `{} so far${most}`, ms: elapsedMs, zero: `just begun${most}` },
    };
  }
  const word =
    phase === "dependencies"
      ? `Waking dependencies, ${String(ready)} of ${String(dependencies.length)}`
      : phase === "probing"
        ? "Probing, no answer yet"
        : "Starting";
  const usually = usuallyMs === undefined ? ", first wake here" : `, usually ${finished(usuallyMs)}`;
  const left = etaMs === undefined ? undefined : etaMs - elapsedMs;
  return {
    fact: word,
    more: { text: `{} so far${usually}`, ms: elapsedMs, zero: `just begun${usually}` },
    ...(etaMs !== undefined && { bar: Math.min(0.98, elapsedMs / etaMs) }),
    ...(left !== undefined && {
      next: left > 0 ? { text: "about {}", ms: left, down: true, rough: true, zero: "any moment" } : "longer",
      nextMore: left > 0 ? "until ready" : "than usual",
    }),
  };
}

function waitingForRoom({ elapsedMs = 0, room, deadlineMs }: TargetFacts["progress"]): Summary {
  const place = !room ? "" : room.before === 0 ? ", it is next" : `, ${String(room.before)} before it`;
  const left = deadlineMs === undefined ? 0 : deadlineMs - elapsedMs;
  return {
    fact: room && room.pools.length > 0 ? `Waits for room in ${room.pools.join(", ")}` : "Waits for room",
    more: { text: `{} so far${place}`, ms: elapsedMs, zero: `just begun${place}` },
    ...(left > 0 && { next: { text: "{}", ms: left, down: true, zero: "any moment" }, nextMore: "at most" }),
  };
}

function stopping(facts: TargetFacts): Summary {
  const { elapsedMs = 0, stopGraceMs } = facts.progress;
  if (facts.stopTries !== undefined && facts.stopTries > 0) {
    return {
      fact: "Does not stop",
      more: `asked ${String(facts.stopTries)} times, still running`,
      button: "wake",
    };
  }
  const most = stopGraceMs === undefined ? "" : `, ${finished(stopGraceMs)} at most`;
  const left = stopGraceMs === undefined ? undefined : stopGraceMs - elapsedMs;
  return {
    fact: facts.progress.stoppedOutside ? "Stopped outside Wakegate" : "Going to sleep",
    more: { text: `{} so far${most}`, ms: elapsedMs, zero: `just begun${most}` },
    ...(left !== undefined &&
      left > 0 && {
        next: { text: "{}", ms: left, down: true, zero: "any moment" },
        nextMore: "at most",
      }),
    button: "wake",
  };
}

function asleep(facts: TargetFacts): Summary {
  const never = facts.wakes.length === 0 && facts.awake.length === 0 && facts.lastUseAt === undefined;
  if (never) return { fact: "Never woken", ...sinceLine(facts, "Known since {at}"), button: "wake" };
  return {
    fact:
      facts.since === undefined ? "Asleep" : { text: "Asleep for {}", ms: sinceMs(facts), zero: "Asleep" },
    ...lastUsed(facts),
    button: "wake",
  };
}

function closed(facts: TargetFacts): Summary {
  const why = facts.why.mayNotWake;
  const hold = facts.why.hold;
  switch (why?.kind) {
    case "schedule":
      return {
        fact: "May not wake: outside its hours",
        more: why.rule,
        ...(why.opensAt !== undefined && {
          next: { text: "from {at}", at: why.opensAt, as: "m" },
          nextMore: "it may wake again",
        }),
        button: "wake",
      };
    case "hold": {
      const by = hold ? `${hold.by}, ` : "";
      return {
        fact: `Kept asleep: ${why.reason || "by hand"}`,
        ...(hold ? { more: { text: `${by}{at}`, at: hold.at, as: "m" } } : lastUsed(facts)),
        ...(why.until !== undefined && {
          next: { text: "from {at}", at: why.until, as: "m" },
          nextMore: "it may wake again",
        }),
        button: "wake",
      };
    }
    case "start_endpoint":
      return { fact: `Wakes only from ${why.path}`, ...lastUsed(facts), button: "wake" };
    case "rule":
    case undefined:
      return { fact: "May not wake", ...(why && { more: why.rule }), button: "wake" };
  }
}

/** What a few words say completely. */
const SHORT: ReadonlySet<Failure["reason"]> = new Set([
  "out_of_memory",
  "exited",
  "no_answer",
  "bad_answer",
  "no_room",
]);

function failed(facts: TargetFacts): Summary {
  const { failure } = facts.progress;
  if (!failure) return { fact: "Failed to wake", button: "retry" };
  const left = failure.nextTryAt === undefined ? undefined : failure.nextTryAt - facts.asOf;
  const tried = failure.tries > 1 ? `, tried ${String(failure.tries)} times` : "";
  const step = facts.progress.steps.find(({ status }) => status === "failed")?.id;
  // Where the few words do not say what the engine or the app said, its own words follow.
  const detail = SHORT.has(failure.reason) ? undefined : `${failure.message}${tried}`;
  const where = {
    stopping: "Failed while stopping",
    room: "Never got room",
    dependencies: "Failed while waking dependencies",
    starting: "Stopped while starting",
    probing: failure.exitCode === undefined ? "Failed while probing" : "Stopped while starting",
  };
  return {
    fact: failureText(failure),
    more: detail ?? `${step === undefined ? "Failed" : where[step]}${tried}`,
    ...(left !== undefined && left > 0
      ? {
          next: { text: "{}", ms: left, down: true, zero: "now" },
          nextMore: failure.final === true ? "until a request may try again" : "until the next try",
        }
      : { next: "a new try", nextMore: "with the next request" }),
    button: "retry",
  };
}

function lastUsed(facts: TargetFacts): Pick<Summary, "more"> {
  if (facts.lastUseAt !== undefined)
    return { more: { text: "Last used {at}", at: facts.lastUseAt, as: "m" } };
  return sinceLine(facts, "Since {at}");
}

function sinceLine(facts: TargetFacts, text: string): Pick<Summary, "more"> {
  return facts.since === undefined ? {} : { more: { text, at: facts.since, as: "m" } };
}

function sinceMs(facts: TargetFacts): number {
  return Math.max(0, facts.asOf - (facts.since ?? facts.asOf));
}
