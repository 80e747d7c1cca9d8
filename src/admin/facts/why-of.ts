import type { Order } from "../../store/store.ts";
import type { WhyReport } from "../../watchers/why.ts";
import type { WhySource } from "../../watchers/why-sources.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Evidence, PinFact, WhyFacts } from "../ports.ts";

/** Why a watcher's target is awake or asleep, without asking an engine. */
export function whyOf(watcher: Watcher, now: number): WhyFacts {
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
    notes: notesOf(report),
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

function pinOf({ at, until, reason = "", by = "somebody" }: Order): PinFact {
  return { at, reason, by, ...(until !== undefined && { until }) };
}
