import type { AdminEvent } from "../../events/admin-event.ts";
import { html } from "../html.ts";
import { eventList } from "../parts/event-list.ts";
import { shell } from "../parts/shell.ts";
import type { ViewContext } from "../view-context.ts";

/** What happened to all targets, newest on top. */
export function eventsPage(events: readonly AdminEvent[], context: ViewContext): string {
  const main = html`<h1>Events</h1>
    <p class="lead">
      What happened since Wakegate started, newest on top.
      <span class="js">New ones appear by themselves.</span>
    </p>
    <p class="row"><button type="button" class="btn" id="paused" hidden></button></p>
    ${eventList(events, context, true)}`;
  return shell(
    {
      title: "Events · Wakegate",
      current: "events",
      kind: "events",
      sky: html`<div class="low"></div>`,
      main,
    },
    context,
  );
}
