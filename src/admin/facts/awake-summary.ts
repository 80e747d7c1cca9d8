import type { Live } from "../../../templates/live.js";
import type { Evidence } from "../ports.ts";
import { listNames } from "../text.ts";
import type { TargetFacts } from "./target-facts.ts";

/** The texts of an awake target's row. */
export interface AwakeTexts {
  readonly fact: Live;
  readonly more?: Live;
  readonly next?: Live;
  readonly nextMore?: Live;
}

// The two parts of what comes next are one phrase, as the command line prints it: "awake" "while it is in use".
const IN_USE = { next: "awake", nextMore: "while it is in use" } as const;

/** Why it is awake and what comes next, the strongest reason first. Pure. */
export function awakeSummary(facts: TargetFacts): AwakeTexts {
  const { why, neededBy, leases } = facts;
  if (why.pin) return pinned(facts);
  const schedule = holding(facts, "schedule");
  if (schedule) {
    return {
      fact: "Kept awake by its schedule",
      more: schedule.detail,
      ...(schedule.until === undefined
        ? { next: "awake", nextMore: "while its schedule says so" }
        : { next: { text: "from {at}", at: schedule.until, as: "m" }, nextMore: "it may sleep again" }),
    };
  }
  if (leases.length > 0) return { fact: capital(listNames(leases)), ...awakeFor(facts), ...IN_USE };
  if (neededBy.length > 0) {
    return {
      fact: `Needed by ${listNames(neededBy)}`,
      more: "No other use",
      next: "awake",
      nextMore: "while it is needed",
    };
  }
  if (facts.makesRoom)
    return {
      fact: "Makes room for others",
      more: "One last look",
      next: "soon",
      nextMore: "asleep, unless it is used",
    };
  if (why.sleepsAt !== undefined) return idle(facts, why.sleepsAt);
  const { line } = why;
  if (!line) return idle(facts, undefined);
  return {
    fact: line.fact,
    more: line.more,
    ...(line.next !== "" && { next: line.next }),
    ...(line.nextMore !== "" && { nextMore: line.nextMore }),
  };
}

function pinned({ why }: TargetFacts): AwakeTexts {
  const { pin } = why;
  if (!pin) return { fact: "Pinned" };
  const reason = pin.reason === "" ? "" : `, ${pin.reason}`;
  const who = { text: `${capital(pin.by)}, {at}${reason}`, at: pin.at, as: "m" } as const;
  if (pin.until === undefined)
    return { fact: "Pinned, no end", more: who, next: "awake", nextMore: "until it is unpinned" };
  return {
    fact: { text: "Pinned until {at}", at: pin.until, as: "m" },
    more: who,
    next: "awake",
    nextMore: { text: "until {at}", at: pin.until, as: "m" },
  };
}

function idle(facts: TargetFacts, sleepsAt: number | undefined): AwakeTexts {
  const { why, lastUseAt, asOf } = facts;
  const left = sleepsAt === undefined ? 0 : sleepsAt - asOf;
  const uptime = holding(facts, "uptime");
  return {
    fact:
      lastUseAt === undefined
        ? "Not used yet"
        : facts.usedByRequest === true
          ? { text: "Last request {} ago", ms: asOf - lastUseAt, zero: "Request just now" }
          : { text: "Idle for {}", ms: asOf - lastUseAt, zero: "In use just now" },
    more: uptime ? `Kept awake by ${uptime.detail}` : (why.notes[0] ?? "Nothing else holds it awake"),
    ...(left > 0
      ? { next: { text: "{}", ms: left, down: true, zero: "now" }, nextMore: "until asleep" }
      : { next: "checking", nextMore: "for use before it sleeps" }),
  };
}

function awakeFor(facts: TargetFacts): Pick<AwakeTexts, "more"> {
  return facts.since === undefined ? {} : { more: { text: "Awake for {}", ms: facts.asOf - facts.since } };
}

function holding({ why }: TargetFacts, source: string): Evidence | undefined {
  return why.evidence.find((each) => each.source === source && each.holding);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
