import type { PollerEvidence } from "../../forward-auth/pollers.ts";
import { ruleToCopy } from "../../forward-auth/rule-to-copy.ts";
import type { Order } from "../../store/store.ts";
import { span } from "../../watchers/say.ts";
import type { WhyReport } from "../../watchers/why.ts";
import type { WhySource } from "../../watchers/why-sources.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Evidence, PinFact, WhyFacts } from "../ports.ts";

/** Why a watcher's target is awake or asleep, without asking an engine. */
export function whyOf(watcher: Watcher, now: number, polls: readonly PollerEvidence[] = []): WhyFacts {
  const { orders, insight, state } = watcher;
  const report = insight.why();
  const { pinned, held } = orders;
  const mayNotWake = watcher.progress().mayNotWake ?? orders.mayNotWake();
  const { fact, more, next } = report;
  const counts = state.kind === "ready" || (state.kind === "napping" && state.how === "paused");
  return {
    evidence: state.kind === "ready" ? report.sources.map(evidenceOf) : [],
    ...(counts && next.inMs !== undefined && { sleepsAt: Math.round(now + next.inMs) }),
    line: { fact, more, next: next.value === "–" ? "" : next.value, nextMore: next.what },
    notes: [...notesOf(report), ...polls.map(pollNote)],
    ...(pinned && { pin: pinOf(pinned) }),
    ...(held && { hold: pinOf(held) }),
    ...(mayNotWake && { mayNotWake }),
  };
}

function evidenceOf({ source, label, holds, text, numbers }: WhySource): Evidence {
  const until = numbers?.["until"];
  return { source, label, holding: holds, detail: text, ...(until !== undefined && { until }) };
}

function notesOf({ notSlept, blindTo, state }: WhyReport): readonly string[] {
  const suggestion = notSlept?.suggestion;
  return [
    ...(notSlept ? [notSlept.text] : []),
    ...(suggestion ? [`To end that: ${suggestion.key}: ${JSON.stringify(suggestion.value)}`] : []),
    ...(state === "ready" ? blindTo.map((what) => `Blind to ${what}`) : []),
  ];
}

/** Who asks again and again, what that does to the target, and how to end it. */
function pollNote(poll: PollerEvidence): string {
  const { userAgent, client, method, path, everyMs, acts } = poll;
  const who = userAgent === undefined ? client : `${userAgent} (${client})`;
  const rule = `To keep it from waking: ${ruleToCopy(poll)}`;
  const does = acts ? `It does not count as use. ${rule}` : "It may change something, so it counts as use";
  return `${who} polls ${method} ${path} every ${span(everyMs)}. ${does}`;
}

function pinOf({ at, until, reason = "", by = "somebody" }: Order): PinFact {
  return { at, reason, by, ...(until !== undefined && { until }) };
}
