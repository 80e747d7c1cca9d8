import { finished } from "../../text.ts";
import { summaryOf, usualWakeMs } from "../../facts/summary.ts";
import { groupOf, type TargetFacts } from "../../facts/target-facts.ts";
import { html, raw, type Html } from "../html.ts";
import { targetUrl, type ViewContext } from "../view-context.ts";
import { actionButton, pinButton } from "./buttons.ts";
import { glyph } from "./glyphs.ts";
import { DASH, liveText } from "./live-text.ts";
import { timeline, wakeBars } from "./timeline.ts";

/** One target in the list. */
export function row(facts: TargetFacts, context: ViewContext): Html {
  const { now, zone, range } = context;
  const { fact, more, next, nextMore, bar } = summaryOf(facts);
  const usual = usualWakeMs(facts.wakes);
  const group = groupOf(facts.state);
  const find = [facts.name, facts.displayName, ...facts.hosts].join(" ").toLowerCase();
  return html`<tr
    role="row"
    data-key="row-${facts.name}"
    data-name="${facts.name}"
    data-group="${group}"
    data-find="${find}"
    class="${group === "needs_you" ? "failing" : ""}"
  >
    <th scope="row" role="rowheader" class="c-name">
      ${glyph(facts.state)}<span class="two"
        ><a href="${targetUrl(facts)}">${facts.displayName}</a
        ><span class="sub">${facts.hosts[0] ?? placeText(facts)}</span></span
      >
    </th>
    <td role="cell" class="c-line">${timeline(facts, range)}</td>
    <td role="cell" class="c-why">
      <span class="fact">${liveText(fact, now, zone)}</span
      ><span class="sub"
        ><span class="more">${more === undefined ? undefined : liveText(more, now, zone)}</span
        >${bar === undefined ? undefined : progress(bar)}</span
      >
    </td>
    <td role="cell" class="c-next">
      ${next === undefined ? html`<span class="none">${DASH}</span>` : html`<span class="fact">${liveText(next, now, zone)}</span>`}<span
        class="sub"
        >${nextMore === undefined ? undefined : liveText(nextMore, now, zone)}</span
      >
    </td>
    <td role="cell" class="c-wake">
      ${usual === undefined ? html`<span class="none">${DASH}</span>` : html`${wakeBars(facts)}<span title="${wakesTitle(facts)}">${finished(usual)}</span>`}
    </td>
    <td role="cell" class="c-act"><span class="acts">${actionButton(facts)}${pinButton(facts)}</span></td>
  </tr>`;
}

/** How far a wake has come: a thin line that the style sheet need not know the length of. */
function progress(bar: number): Html {
  const width = (72 * bar).toFixed(1);
  return raw(
    `<svg class="bar" viewBox="0 0 72 2" aria-hidden="true"><path class="rest" d="M0 1h72"/><path class="done" d="M0 1h${width}"/></svg>`,
  );
}

function placeText(facts: TargetFacts): string {
  if (facts.dependencyOnly) return "no address of its own";
  return facts.place === "" ? "no address" : facts.place;
}

function wakesTitle({ wakes }: TargetFacts): string {
  const totals = wakes
    .slice(-10)
    .filter(({ outcome }) => outcome === "ready")
    .map(({ totalMs }) => totalMs);
  const usual = usualWakeMs(wakes);
  if (totals.length === 0 || usual === undefined) return "";
  return `Last ${String(totals.length)} wakes, ${finished(Math.min(...totals))} to ${finished(Math.max(...totals))}, usually ${finished(usual)}`;
}

/** Failing targets on top, then by name. */
export function inOrder(all: readonly TargetFacts[]): readonly TargetFacts[] {
  const weight = ({ state }: TargetFacts): number => (state === "failed" ? 0 : 1);
  return [...all].sort((a, b) => weight(a) - weight(b) || (a.displayName < b.displayName ? -1 : 1));
}
