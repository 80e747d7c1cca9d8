import type { AdminEvent } from "../../events/admin-event.ts";
import { summaryOf } from "../../facts/summary.ts";
import type { TargetFacts } from "../../facts/target-facts.ts";
import { listNames, momentText, spell } from "../../text.ts";
import { html, type Html } from "../html.ts";
import { actionButton, holdButton, pinButton } from "../parts/buttons.ts";
import { eventList } from "../parts/event-list.ts";
import { largeGate, sceneOf, smallGate } from "../parts/gate.ts";
import { icons } from "../parts/glyphs.ts";
import { awakeHours } from "../parts/awake-hours.ts";
import { lastWakes } from "../parts/last-wakes.ts";
import { liveText } from "../parts/live-text.ts";
import { shell } from "../parts/shell.ts";
import { wakeOrder } from "../parts/wake-order.ts";
import { whyList } from "../parts/why-list.ts";
import type { ViewContext } from "../view-context.ts";

/** One target: the visitor's scene, and everything that an operator asks below it. */
export function targetPage(facts: TargetFacts, events: readonly AdminEvent[], context: ViewContext): string {
  const { scene, p } = sceneOf(facts);
  const gates = facts.dependencies.slice(0, 4).map(({ state, displayName }) => smallGate(state, displayName));
  const more = facts.dependencies.length - gates.length;
  const sky = html`<div class="col scene" data-key="scene" data-scene="${scene}">
    <a class="back" href="/ui/">${icons.back}All targets</a>
    <div class="halo"></div>
    ${largeGate(scene, p)}
    <div class="gates">${gates}${more > 0 ? html`<span class="plus">+${more}</span>` : undefined}</div>
    ${number(facts, context)}
  </div>`;
  const main = html`<div class="left">
      <div data-key="head">
        <h1>${facts.displayName}</h1>
        <p class="lead">${stateLine(facts, context)}<br />${placeLine(facts)}</p>
        <p class="acts big" data-name="${facts.name}">
          ${actionButton(facts, true)}${pinButton(facts, true)}${holdButton(facts)}
        </p>
        <p class="more wrong" role="presentation"></p>
      </div>
      ${whyList(facts, context)} ${wakeOrder(facts)}
    </div>
    <div class="right">
      ${awakeHours(facts, context)} ${lastWakes(facts, context)}
      <section>
        <h2>Events <span class="js">live</span></h2>
        ${eventList(events, context, false)}
      </section>
    </div>`;
  return shell(
    {
      title: `${facts.displayName} · Wakegate`,
      current: "targets",
      kind: "target",
      sky,
      main,
      target: facts.name,
    },
    context,
  );
}

/** The Next value as the big number. */
function number(facts: TargetFacts, context: ViewContext): Html {
  const { next, nextMore } = summaryOf(facts);
  const { now, zone } = context;
  const { sleepsAt } = facts.why;
  if (next === undefined) {
    if (facts.since === undefined || facts.state === "unknown" || facts.state === "gone")
      return html`<p class="num"></p>`;
    const text = { text: "{}", ms: now - facts.since, zero: "just now" };
    return html`<p class="num">
      <b>${liveText(text, now, zone)}</b><span>asleep since ${momentText(facts.since, now, zone)}</span>
    </p>`;
  }
  const words = typeof next === "string" || next.ms === undefined;
  const at = sleepsAt === undefined ? "" : `, at ${momentText(sleepsAt, now, zone)}`;
  return html`<p class="num${words ? " words" : ""}">
    <b>${liveText(next, now, zone)}</b
    ><span>${nextMore === undefined ? undefined : liveText(nextMore, now, zone)}${at}</span>
  </p>`;
}

function stateLine(facts: TargetFacts, { now, zone }: ViewContext): Html {
  const since = facts.since === undefined ? "" : ` since ${momentText(facts.since, now, zone)}`;
  const words = {
    awake: "Awake",
    asleep: "Asleep",
    paused: "Paused",
    closed: "Asleep, may not wake",
    waking: "Waking",
    starting: "Starting",
    stopping: "Going to sleep",
    failed: facts.unavailable === undefined ? "Failed to wake" : "Cannot be used",
    unknown: "State unknown",
    gone: "Does not exist on its engine",
  } as const;
  const [host] = facts.hosts;
  const link =
    host === undefined || host.startsWith("*")
      ? undefined
      : html` · <a class="host" href="//${host}" rel="noreferrer">${host}${icons.out}</a>`;
  return html`${words[facts.state]}${since}${link}`;
}

function placeLine({ place, idleTimeoutMs, stopMethod, dependencyOnly, pools }: TargetFacts): string {
  if (place === "") return "";
  const verb = { stop: "stops", pause: "pauses", kill: "is killed", hibernate: "hibernates" }[stopMethod];
  const rule = dependencyOnly
    ? "sleeps when nothing needs it"
    : idleTimeoutMs === undefined
      ? "is never put to sleep"
      : `${verb} after ${spell(idleTimeoutMs)} without use`;
  const shared = pools.length === 0 ? "" : ` · ${pools.length === 1 ? "pool" : "pools"} ${listNames(pools)}`;
  return `${place} · ${rule}${shared}`;
}
