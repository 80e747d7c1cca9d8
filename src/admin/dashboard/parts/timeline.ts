import type { Stretch } from "../../../store/run-log.ts";
import type { TargetFacts } from "../../facts/target-facts.ts";
import { plural, spell } from "../../text.ts";
import { html, raw, type Html } from "../html.ts";
import { placeOf, type Range } from "../range.ts";

/** Width of the axis in the drawing's own units; the page stretches it. */
export const AXIS = 300;
const HEIGHT = 24;
const BASE = 18.5;
const BLOCK = 13;

/** When a target was awake, as golden blocks on a line, failed wakes below it. */
export function timeline(facts: TargetFacts, range: Range): Html {
  const place = (at: number): number => placeOf(range, at, AXIS);
  const now = place(range.now);
  const blocks = facts.awake
    .filter(({ from, to = range.now }) => to > range.from && from < range.now)
    .map(({ from, to = range.now }) => {
      const left = place(from);
      const width = Math.max(2, place(Math.min(to, range.now)) - left);
      const x = Math.min(left, now - 2);
      return `M${x.toFixed(1)} ${String(BASE - BLOCK)}h${width.toFixed(1)}v${String(BLOCK)}h-${width.toFixed(1)}z`;
    });
  const fails = facts.wakes
    .filter(({ outcome, at }) => outcome === "failed" && at >= range.from)
    .map(({ at }) => `M${(place(at) - 1).toFixed(1)} ${String(BASE + 0.5)}h2v5h-2z`);
  const ticks = range.ticks
    .filter(({ at }) => at > range.from)
    .map(({ at }) => `M${place(at).toFixed(1)} 4v15`)
    .join("");
  return html`<svg
    class="line"
    viewBox="0 0 ${AXIS} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${words(facts, range)}"
  >
    ${raw(
      `${baseLine(facts, { from: range.from, to: range.now }, (at) => place(at).toFixed(1), String(BASE))}<path class="up" d="${blocks.join("")}"/><path class="tick" d="${ticks}"/>${fails.length > 0 ? `<path class="bad" d="${fails.join("")}"/>` : ""}`,
    )}
  </svg>`;
}

/** The line that awake blocks stand on: dashed where nothing was recorded. */
export function baseLine(
  { unrecorded }: Pick<TargetFacts, "unrecorded">,
  axis: Stretch,
  place: (at: number) => string,
  y: string,
): string {
  const gaps = unrecorded
    .filter(({ from, to }) => to > axis.from && from < axis.to)
    .map(({ from, to }) => ({ from: Math.max(from, axis.from), to: Math.min(to, axis.to) }));
  const ends = [axis.from, ...gaps.flatMap(({ from, to }) => [from, to]), axis.to];
  const line = (from: number, to: number): string => (from < to ? `M${place(from)} ${y}H${place(to)}` : "");
  const solid = ends.flatMap((from, i) => (i % 2 === 0 ? [line(from, ends[i + 1] ?? from)] : [])).join("");
  const dashed = gaps.map(({ from, to }) => line(from, to)).join("");
  return `<path class="base" d="${solid}"/>${dashed === "" ? "" : `<path class="base gap" d="${dashed}"/>`}`;
}

/** Milliseconds within the range of which nothing is known. */
export function unrecordedMs(
  { unrecorded }: Pick<TargetFacts, "unrecorded">,
  since: number,
  range: Range,
): number {
  return unrecorded.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, range.now) - Math.max(from, since)),
    0,
  );
}

/** Milliseconds awake within the range. */
export function awakeMs(facts: TargetFacts, range: Range): number {
  return facts.awake.reduce(
    (sum, { from, to = range.now }) =>
      sum + Math.max(0, Math.min(to, range.now) - Math.max(from, range.from)),
    0,
  );
}

/** Wall ms since when anything is known of a target, at the earliest the range's beginning. */
export function knownSince(facts: TargetFacts, range: Range): number {
  const first = [facts.awake[0]?.from, facts.wakes[0]?.at, facts.since, facts.lastUseAt].filter(
    (at) => at !== undefined,
  );
  return Math.min(range.now, Math.max(range.from, Math.min(range.now, ...first)));
}

function words(facts: TargetFacts, range: Range): string {
  const failed = facts.wakes.filter(({ outcome, at }) => outcome === "failed" && at >= range.from).length;
  const open = facts.awake.at(-1);
  const now = open && open.to === undefined ? ", awake now" : "";
  const unknown = unrecordedMs(facts, range.from, range);
  const gap = unknown > 0 ? ` Not recorded for ${spell(unknown)}.` : "";
  return `Awake ${spell(awakeMs(facts, range))} in the last ${range.words}${now}. ${plural(failed, "failed wake")}.${gap}`;
}

/** The last wakes as bars, scaled to the tallest; a failed one is a red dot on the base. */
export function wakeBars(facts: TargetFacts): Html | undefined {
  const wakes = facts.wakes.slice(-10);
  if (wakes.length === 0) return undefined;
  const most = Math.max(...wakes.map(({ totalMs }) => totalMs), 1);
  const bars = wakes.map(({ outcome, totalMs }, i) => {
    const x = i * 5;
    if (outcome === "failed") return `<circle class="bad" cx="${String(x + 1.5)}" cy="14.5" r="1.5"/>`;
    const height = Math.max(2, (totalMs / most) * 14);
    return `<rect x="${String(x)}" y="${(16 - height).toFixed(1)}" width="3" height="${height.toFixed(1)}" rx="1"/>`;
  });
  return raw(`<svg class="bars" viewBox="0 0 48 16" aria-hidden="true">${bars.join("")}</svg>`);
}
