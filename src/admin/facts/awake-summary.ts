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
        ? { next: "stays awake" }
        : { next: { text: "{at}", at: schedule.until, as: "m" }, nextMore: "may sleep again" }),
    };
  }
  const busy = holding(facts, "busy");
  if (busy) return { fact: `Busy: ${busy.detail}`, ...IN_USE };
  const connections = holding(facts, "connections") ?? holding(facts, "network");
  if (leases.length > 0 || connections) {
    const parts = [...(connections ? [connections.detail] : []), ...leasesText(leases)];
    return { fact: capital(listNames(parts)), ...sinceLine(facts), ...IN_USE };
  }
  if (neededBy.length > 0) {
    return {
      fact: `Needed by ${listNames(neededBy)}`,
      more: "No other use",
      next: "needed",
      nextMore: "stays awake",
    };
  }
  const other = why.evidence.find(({ holding, source }) => holding && source !== "requests");
  if (other) return { fact: `${other.label}: ${other.detail}`, next: "awake", nextMore: "stays awake" };
  return idle(facts);
}

function pinned({ why }: TargetFacts): AwakeTexts {
  const { pin } = why;
  if (!pin) return { fact: "Pinned" };
  const who = { text: `${capital(pin.by)}, {at}`, at: pin.at, as: "m" } as const;
  if (pin.until === undefined)
    return { fact: "Pinned, no end", more: who, next: "pinned", nextMore: "stays awake" };
  return {
    fact: { text: "Pinned until {at}", at: pin.until, as: "m" },
    more: who,
    next: "pinned",
    nextMore: { text: "until {at}", at: pin.until, as: "m" },
  };
}

function idle(facts: TargetFacts): AwakeTexts {
  const { why, lastUseAt, asOf, idleTimeoutMs } = facts;
  const fact: Live =
    lastUseAt === undefined
      ? "Not used yet"
      : { text: "Last request {} ago", ms: asOf - lastUseAt, zero: "Request just now" };
  if (idleTimeoutMs === undefined && why.sleepsAt === undefined) {
    return {
      fact,
      more: facts.dependencyOnly
        ? "Sleeps when nothing needs it"
        : "It has no idle time: it is never put to sleep",
      next: "awake",
      nextMore: "stays awake",
    };
  }
  const left = why.sleepsAt === undefined ? 0 : why.sleepsAt - asOf;
  return {
    fact,
    more: why.notes[0] ?? "Nothing else holds it awake",
    ...(left > 0
      ? { next: { text: "{}", ms: left, down: true, zero: "looking" }, nextMore: "until asleep" }
      : { next: "looking", nextMore: "before it sleeps" }),
  };
}

const IN_USE = { next: "in use", nextMore: "stays awake" } as const;

function sinceLine(facts: TargetFacts): Pick<AwakeTexts, "more"> {
  return facts.since === undefined ? {} : { more: { text: "Awake for {}", ms: facts.asOf - facts.since } };
}

function holding({ why }: TargetFacts, source: string): Evidence | undefined {
  return why.evidence.find((each) => each.source === source && each.holding);
}

/** "2 held requests" rather than the same words twice. */
function leasesText(leases: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const lease of leases) counts.set(lease, (counts.get(lease) ?? 0) + 1);
  return [...counts].map(([what, n]) => (n === 1 ? what : `${String(n)} × ${what}`));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
