import { failureText } from "../../facts/failure-text.ts";
import type { TargetFacts } from "../../facts/target-facts.ts";
import { momentText, spell } from "../../text.ts";
import { html, type Html } from "../html.ts";
import type { ViewContext } from "../view-context.ts";

interface Line {
  readonly label: string;
  readonly value: string;
  readonly on?: boolean;
  readonly red?: boolean;
}

/** Every source that was asked why it is awake; or why it sleeps, or failed to wake. */
export function whyList(facts: TargetFacts, context: ViewContext): Html {
  const { heading, lines } = whyLines(facts, context);
  const log = facts.progress.failure?.log ?? [];
  return html`<section data-key="why">
    <h2>${heading}</h2>
    <ul class="ev">
      ${lines.map(({ label, value, on, red }) => html`<li class="${red ? "red" : on ? "on" : ""}"><i></i><span>${label}</span><span class="v">${value}</span></li>`)}
    </ul>
    ${log.length > 0 ? html`<pre class="code" tabindex="0" role="region" aria-label="Last log lines">${log.join("\n")}</pre>` : undefined}
    ${facts.why.notes.map((note) => html`<p class="note">${note}</p>`)}
  </section>`;
}

function whyLines(facts: TargetFacts, context: ViewContext): { heading: string; lines: readonly Line[] } {
  if (facts.unavailable !== undefined)
    return {
      heading: "Why it cannot be used",
      lines: [{ label: "Reason", value: facts.unavailable, red: facts.state === "failed" }],
    };
  if (facts.state === "failed")
    return { heading: "Why it failed to wake", lines: failureLines(facts, context) };
  if (facts.state === "awake")
    return {
      heading: "Why it is awake",
      lines: facts.why.evidence.map(({ label, holding, detail }) => ({ label, on: holding, value: detail })),
    };
  if (facts.state === "waking" || facts.state === "starting")
    return { heading: "How the wake goes", lines: wakeLines(facts) };
  return { heading: "Why it is asleep", lines: asleepLines(facts, context) };
}

function wakeLines({ progress }: TargetFacts): readonly Line[] {
  const words = { todo: "to come", active: "running", done: "done", failed: "failed" } as const;
  const names = progress.dependencies.map(({ displayName, status }) => ({
    label: displayName,
    value: status,
    on: status === "ready",
  }));
  const steps = progress.steps.map(({ id, status, ms }) => ({
    label: PHASES[id],
    value: ms === undefined || status === "todo" ? words[status] : `${words[status]}, ${spell(ms)}`,
    on: status === "active" || status === "done",
  }));
  return [...steps, ...names];
}

const PHASES = {
  stopping: "Stopping first",
  room: "Room",
  dependencies: "Dependencies",
  starting: "Start",
  probing: "Probing",
} as const;

function failureLines({ progress }: TargetFacts, { now, zone }: ViewContext): readonly Line[] {
  const { failure, steps } = progress;
  if (!failure) return [];
  const step = steps.find(({ status }) => status === "failed");
  const after = step?.ms === undefined ? "" : `, after ${spell(step.ms)}`;
  return [
    { label: "Reason", value: failureText(failure), red: true },
    { label: "Message", value: failure.message },
    ...(step ? [{ label: "Phase", value: `${PHASES[step.id]}${after}` }] : []),
    { label: "Tried", value: failure.tries === 1 ? "once" : `${String(failure.tries)} times` },
    { label: "When", value: momentText(failure.at, now, zone) },
    {
      label: "Next try",
      value:
        failure.final === true
          ? "when somebody asks"
          : failure.nextTryAt === undefined
            ? "when somebody asks"
            : `from ${momentText(failure.nextTryAt, now, zone)} on, when somebody asks`,
    },
  ];
}

function asleepLines(facts: TargetFacts, { now, zone }: ViewContext): readonly Line[] {
  const { lastUseAt, since, why, state } = facts;
  const { hold, mayNotWake } = why;
  const end = (at: number | undefined): string =>
    at === undefined ? "no end" : `until ${momentText(at, now, zone)}`;
  return [
    ...(since === undefined
      ? []
      : [{ label: state === "stopping" ? "Since" : "Asleep since", value: momentText(since, now, zone) }]),
    { label: "Last used", value: lastUseAt === undefined ? "never" : momentText(lastUseAt, now, zone) },
    ...(hold
      ? [
          {
            label: "Kept asleep",
            value: [end(hold.until), hold.by, hold.reason].filter(Boolean).join(", "),
            on: true,
          },
        ]
      : []),
    ...(mayNotWake?.kind === "schedule"
      ? [{ label: "Schedule", value: mayNotWake.rule, on: true }]
      : mayNotWake?.kind === "rule"
        ? [{ label: "Rule", value: mayNotWake.rule, on: true }]
        : []),
    ...(facts.neededBy.length > 0 ? [{ label: "Needed by", value: facts.neededBy.join(", ") }] : []),
  ];
}
