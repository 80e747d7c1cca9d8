import type { AdminEvent, AdminEventType } from "../../events/admin-event.ts";
import { clockTime, dayStart, momentText } from "../../text.ts";
import { html, raw, type Html } from "../html.ts";
import type { ViewContext } from "../view-context.ts";
import { timeTag } from "./live-text.ts";

/** Turning points stand out; steps do not. */
const TURNING: ReadonlySet<AdminEventType> = new Set([
  "woken",
  "ready",
  "failed",
  "asleep",
  "missing",
  "pinned",
  "held",
]);
const SHOWN = 100;

/** Events, newest on top. */
export function eventList(events: readonly AdminEvent[], context: ViewContext, named: boolean): Html {
  const newest = [...events].reverse().slice(0, SHOWN);
  return html`<ol class="events${named ? " named" : ""}" id="events" data-named="${String(named)}">
      ${newest.map((event) => eventLine(event, context, named))}
    </ol>
    <p class="note" id="noevents" ${newest.length > 0 ? hidden : undefined}>
      Nothing has happened since Wakegate started.
    </p>`;
}

const hidden = raw(" hidden");

function eventLine(
  { at, type, target, displayName, message, id }: AdminEvent,
  context: ViewContext,
  named: boolean,
): Html {
  const { now, zone } = context;
  const today = at >= dayStart(now, zone);
  const time = clockTime(at, zone, true);
  const text = today ? time : `${momentText(at, now, zone).split(" ")[0] ?? ""} ${time}`;
  const name = named
    ? target === undefined
      ? html`<span class="who">Wakegate</span>`
      : html`<a class="who" href="/ui/target/${target}">${displayName ?? target}</a>`
    : undefined;
  return html`<li data-id="${id}" class="t-${type}${TURNING.has(type) ? " turn" : ""}">
    ${timeTag(at, text)}<i></i>${name}<span>${message}</span>
  </li>`;
}
