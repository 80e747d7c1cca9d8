import { dayTime, span } from "./say.ts";
import { silentPortText } from "./readiness/silent-port.ts";
import { wakeBegan, type Starting, type Waking } from "./state.ts";
import type { WhyInput } from "./why.ts";

/** One line of a list: the fact, a second fact, and what comes next. */
export interface WhyLine {
  readonly fact: string;
  readonly more: string;
  readonly next: {
    readonly value: string;
    readonly what: string;
    /** Ms until then, where it is counted down. */
    readonly inMs?: number;
  };
}

const NOTHING_NEXT = { value: "–", what: "" };

/** The words for Why and Next. Pure. */
export function lineOf(input: WhyInput): WhyLine {
  const { state, now, mono } = input;
  switch (state.kind) {
    case "ready":
      return readyLine(input);
    case "waking":
      return state.step === "room" ? roomLine(input, state) : wakingLine(input, state);
    case "starting":
      return wakingLine(input, state);
    case "stopping": {
      const sofar = mono - state.began;
      const atMost =
        state.whose === "foreign" ? state.waitMs : (input.spec.stopTimeoutMs ?? state.seen.stopTimeoutMs);
      const left = Math.max(0, atMost - sofar);
      if (state.whose === "ours" && state.tries > 0) {
        return {
          fact: "Does not stop",
          more: `asked ${String(state.tries)} ${state.tries === 1 ? "time" : "times"}, still running`,
          next: NOTHING_NEXT,
        };
      }
      return {
        fact: state.whose === "ours" ? "Going to sleep" : "Stopped outside Wakegate",
        more: `${span(sofar)} so far, ${span(atMost)} at most`,
        next: { value: span(left), what: "at most", inMs: left },
      };
    }
    case "napping":
      return nappingLine(input);
    case "error": {
      const left = Math.max(0, state.until - now);
      return {
        fact: state.failure.message,
        more: `Tried ${String(state.failure.tries)} ${state.failure.tries === 1 ? "time" : "times"}`,
        next:
          left === 0
            ? { value: "a new try", what: "with the next request" }
            : { value: span(left), what: "until the next try", inMs: left },
      };
    }
    case "missing": {
      const since = dayTime(state.since, now, input.timeZone);
      return state.why === "gone"
        ? { fact: "Does not exist on its engine", more: `Route kept since ${since}`, next: NOTHING_NEXT }
        : {
            fact:
              state.why === "unlisted"
                ? `Engine ${input.engine} has not been listed yet`
                : `Engine ${input.engine} has not answered since ${since}`,
            more: state.message,
            next: NOTHING_NEXT,
          };
    }
  }
}

function wakingLine(
  { learned, mono, silentPort, spec, waitsFor }: WhyInput,
  state: Waking | Starting,
): WhyLine {
  const sofar = mono - wakeBegan(state.wake);
  if (waitsFor !== undefined) {
    const left = Math.max(0, spec.wakeTimeoutMs - (mono - (state.wake.began.starting ?? mono)));
    const next = { value: span(left), what: "at most", inMs: left };
    return { fact: `Waiting: ${waitsFor}`, more: `${span(sofar)} so far`, next };
  }
  const usually = learned.usuallyMs === undefined ? "" : `, usually ${span(learned.usuallyMs)}`;
  const left = learned.usuallyMs === undefined ? undefined : Math.max(0, learned.usuallyMs - sofar);
  const fact =
    state.kind === "starting"
      ? "Probing, no answer yet"
      : state.step === "dependencies"
        ? "Waking dependencies"
        : "Starting";
  if (silentPort)
    return {
      fact: silentPortText(spec.name, silentPort),
      more: `${span(sofar)} so far, ${span(spec.wakeTimeoutMs)} at most`,
      next: NOTHING_NEXT,
    };
  const next =
    left === undefined ? NOTHING_NEXT : { value: `about ${span(left)}`, what: "until ready", inMs: left };
  return { fact, more: `${span(sofar)} so far${usually}`, next };
}

function roomLine({ room, mono, spec }: WhyInput, state: Waking): WhyLine {
  const sofar = mono - wakeBegan(state.wake);
  const left = Math.max(0, spec.roomTimeoutMs - sofar);
  const where = room && room.pools.length > 0 ? ` in ${few(room.pools)}` : "";
  const who =
    room === undefined || room.yields.length === 0
      ? "nobody can make room now"
      : `${few(room.yields)} ${room.yields.length === 1 ? "makes" : "make"} room`;
  const place =
    room === undefined ? "" : room.before === 0 ? `, ${who}` : `, ${String(room.before)} before it`;
  return {
    fact: `Waits for room${where}`,
    more: `${span(sofar)} so far${place}`,
    next: { value: span(left), what: "at most", inMs: left },
  };
}

function readyLine(input: WhyInput): WhyLine {
  const { now, holders, lastLook, heldSince, wouldSleepMs, unusedMs, timeZone } = input;
  const time = (at: number): string => dayTime(at, now, timeZone);
  // What made it count as used may have been a button, a dependant or bytes.
  const isRequest = input.sinceRequestMs !== undefined && input.sinceRequestMs - unusedMs < 1_000;
  const used = isRequest ? `Last request ${span(unusedMs)} ago` : `Idle for ${span(unusedMs)}`;
  const [holder] = holders;
  switch (holder?.source) {
    case "pin":
      return {
        fact: input.pin?.until === undefined ? "Pinned, no end" : `Pinned until ${time(input.pin.until)}`,
        more: [input.pin?.by, input.pin && time(input.pin.at)].filter(Boolean).join(", "),
        next: {
          value: "awake",
          what: input.pin?.until === undefined ? "until it is unpinned" : `until ${time(input.pin.until)}`,
        },
      };
    case "schedule":
      return {
        fact: "Kept awake by its schedule",
        more: holder.detail,
        next: { value: `from ${time(holder.numbers?.["until"] ?? now)}`, what: "it may sleep again" },
      };
    case "needed":
      return {
        fact: `Needed by ${few(holder.who ?? [])}`,
        more: used,
        next: { value: "awake", what: "while it is needed" },
      };
    case undefined:
      break;
    default:
      return {
        fact: upper(holder?.detail ?? ""),
        more: used,
        next: { value: "awake", what: "while it is in use" },
      };
  }
  if (wouldSleepMs !== undefined) {
    return { fact: "Would sleep now (dry run)", more: `No use for ${span(unusedMs)}`, next: NOTHING_NEXT };
  }
  if (input.makesRoom) {
    return {
      fact: "Makes room for others",
      more: `${used}, one last look`,
      next: { value: "soon", what: "asleep, unless it is used" },
    };
  }
  const found =
    heldSince === undefined ? undefined : lastLook?.evidence.find(({ kind }) => kind === "in-use");
  if (found && heldSince !== undefined) {
    if (found.source === "lock") {
      const more = `Waiting for ${span(now - heldSince)}, then it sleeps`;
      return { fact: found.detail, more, next: { value: "locked", what: "stays awake" } };
    }
    const fact = found.source === "busy_check" ? `Busy: ${found.detail}` : upper(found.detail);
    const more =
      found.source === "busy_check"
        ? `Looked ${span(now - (lastLook?.at ?? now))} ago`
        : `In use for ${span(now - heldSince)}`;
    return { fact, more, next: { value: "awake", what: "while it is in use" } };
  }
  if (input.dueInMs === undefined) {
    const next = { value: "awake", what: "until somebody stops it" };
    return input.dependencyOnly === true
      ? {
          fact: "Started outside Wakegate",
          more: "A dependency sleeps if Wakegate woke it, or by its own label wakegate.enable",
          next,
        }
      : { fact: used, more: "It has no idle time: never put to sleep", next };
  }
  const left = Math.max(0, input.dueInMs);
  const more = input.uptime ? `Kept awake by ${input.uptime.detail}` : "Nothing else holds it awake";
  return { fact: used, more, next: { value: span(left), what: "until asleep", inMs: left } };
}

function nappingLine(input: WhyInput): WhyLine {
  const { state, now, mono, mayNotWake, lastActivity, timeZone } = input;
  if (state.kind !== "napping") return { fact: "", more: "", next: NOTHING_NEXT };
  const time = (at: number): string => dayTime(at, now, timeZone);
  if (mayNotWake?.kind === "schedule") {
    const next =
      mayNotWake.opensAt === undefined
        ? NOTHING_NEXT
        : { value: `from ${time(mayNotWake.opensAt)}`, what: "it may wake again" };
    return { fact: "May not wake: outside its hours", more: `Does not wake ${mayNotWake.rule}`, next };
  }
  if (mayNotWake?.kind === "hold" || state.held) {
    const reason = mayNotWake?.kind === "hold" ? mayNotWake.reason : "stopped by hand";
    const until = mayNotWake?.kind === "hold" ? mayNotWake.until : undefined;
    return {
      fact: `Kept asleep: ${reason}`,
      more: `Asleep for ${span(now - state.since)}`,
      next: until === undefined ? NOTHING_NEXT : { value: `from ${time(until)}`, what: "it may wake again" },
    };
  }
  if (state.how === "created") return { fact: "Never woken", more: "", next: NOTHING_NEXT };
  const last = lastActivity === undefined ? "" : `Last used ${time(lastActivity)}`;
  if (state.how !== "paused") {
    const fact = state.how === "completed" ? "Has run to its end" : `Asleep for ${span(now - state.since)}`;
    return { fact, more: last, next: NOTHING_NEXT };
  }
  const due = state.deeper?.due ?? Number.POSITIVE_INFINITY;
  const left = Number.isFinite(due) ? Math.max(0, due - mono) : undefined;
  return {
    fact: `Paused for ${span(now - state.since)}`,
    more: last,
    next: left === undefined ? NOTHING_NEXT : { value: span(left), what: "until stopped", inMs: left },
  };
}

function few(names: readonly string[]): string {
  const more = names.length - 2;
  return names.slice(0, 2).join(", ") + (more > 0 ? ` and ${String(more)} more` : "");
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
