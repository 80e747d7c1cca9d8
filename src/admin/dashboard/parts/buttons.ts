import { summaryOf } from "../../facts/summary.ts";
import type { TargetFacts } from "../../facts/target-facts.ts";
import { html, type Html } from "../html.ts";
import { icons } from "./glyphs.ts";

const WORDS = {
  wake: ["Wake", "Wake"],
  sleep: ["Sleep", "Sleep now"],
  retry: ["Try now", "Try now"],
} as const;

/** The one thing to do with a target now; nothing while it is on its way up. */
export function actionButton(facts: TargetFacts, long = false): Html | undefined {
  const { button } = summaryOf(facts);
  if (button === undefined) return undefined;
  const strong = button === "retry" ? " strong" : "";
  const word = WORDS[button][long ? 1 : 0];
  return html`<button
    type="button"
    class="btn js${strong}"
    data-act="${button}"
    data-name="${facts.name}"
    data-shown="${facts.displayName}"
    aria-label="${word} ${facts.displayName}"
  >
    ${word}
  </button>`;
}

/** Opens the menu that keeps it awake. */
export function pinButton(facts: TargetFacts, long = false): Html | undefined {
  if (facts.unavailable !== undefined) return undefined;
  const set = facts.why.pin !== undefined;
  const label = `Keep ${facts.displayName} awake`;
  const attributes = html`data-menu="pin" data-name="${facts.name}" data-shown="${facts.displayName}"
  aria-haspopup="menu" aria-pressed="${String(set)}" aria-label="${label}"`;
  if (long)
    return html`<button type="button" class="btn js keep" ${attributes}>
      ${icons.pin}<span>${set ? "Kept awake" : "Keep awake"}</span>${icons.menu}
    </button>`;
  return html`<button type="button" class="pinbtn js" ${attributes} title="${label}">${icons.pin}</button>`;
}

/** Keeps it asleep, or stops doing so. */
export function holdButton(facts: TargetFacts): Html | undefined {
  if (facts.unavailable !== undefined) return undefined;
  const set = facts.why.hold !== undefined;
  const label = set ? `Let ${facts.displayName} wake again` : `Keep ${facts.displayName} asleep`;
  const menu = set ? html`data-act="release"` : html`data-menu="hold" aria-haspopup="menu"`;
  return html`<button
    type="button"
    class="btn js keep"
    ${menu}
    data-name="${facts.name}"
    data-shown="${facts.displayName}"
    aria-label="${label}"
  >
    <span>${set ? "May wake again" : "Keep asleep"}</span>
  </button>`;
}
