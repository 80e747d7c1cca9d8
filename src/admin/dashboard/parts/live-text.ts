import { print } from "../../../../templates/live.js";
import type { Live } from "../../../../templates/live.js";
import { momentText, WORDS } from "../../text.ts";
import { html, raw, type Html } from "../html.ts";

/** A text that goes on ticking in the page; without script it stays as it is now. */
export function liveText(live: Live, now: number, zone: string | undefined): Html {
  if (typeof live === "string") return html`${live}`;
  const { at } = live;
  // Moments are printed here in the viewer's zone, as far as it is known.
  const text = at === undefined ? live.text : live.text.replace("{at}", () => momentText(at, now, zone));
  const shown = print({ ...live, text }, 0, WORDS, now);
  if (live.ms === undefined) return html`${shown}`;
  return html`<span data-live="${JSON.stringify({ ...live, text })}">${shown}</span>`;
}

/** A dash where nothing is known or nothing comes, with a word for those who hear it. */
export const DASH: Html = raw('<span aria-hidden="true">–</span><span class="vh">nothing</span>');

/** A moment with its date and zone for whoever points at it. */
export function timeTag(at: number, text: string): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${iso.slice(0, 19).replace("T", " ")} UTC">${text}</time>`;
}
