import type { TargetFacts } from "../../facts/target-facts.ts";
import { dateFormat } from "../../../lib/date-format.ts";
import { count, spell } from "../../text.ts";
import { html, raw, type Html } from "../html.ts";
import { rangeOf } from "../range.ts";
import type { ViewContext } from "../view-context.ts";
import { awakeMs, baseLine, knownSince, unrecordedMs } from "./timeline.ts";

/** Minutes of a day: the drawing's own width. */
const WIDTH = 1_440;

/** One line for each of the last seven days, a day wide: habits show, and schedules worth setting. */
export function awakeHours(facts: TargetFacts, context: ViewContext): Html {
  const { now, zone } = context;
  const range = rangeOf("7d", now, zone);
  const days = range.ticks.map(({ at }, i) => ({ from: at, to: range.ticks[i + 1]?.at ?? range.to }));
  const awake = awakeMs(facts, range);
  const since = knownSince(facts, range);
  const unknown = unrecordedMs(facts, since, range);
  const known = now - since - unknown;
  const share = known <= 0 ? undefined : Math.round((1 - Math.min(1, awake / known)) * 100);
  const gap = unknown > 0 ? `, ${spell(unknown)} not recorded` : "";
  const caption = `${count(awake / 3_600_000)}\u00a0h of the last 7 days${share === undefined ? "" : `, asleep ${String(share)}\u00a0%`}${gap}`;
  const form = dateFormat({ weekday: "short", day: "numeric" }, zone);
  return html`<section data-key="hours">
    <h2>Awake hours <span>${caption}</span></h2>
    <div class="hours">
      ${days.map((day, i) => {
        const today = i === days.length - 1;
        return html`<span class="${today ? "today" : ""}"
            >${today ? "Today" : form.format(day.from + 3_600_000)}</span
          >${dayLine(facts, day, now)}`;
      })}
      <span></span>
      <div class="clock" aria-hidden="true">
        <span>00:00</span><span>06:00</span><span>12:00</span><span>18:00</span><span>24:00</span>
      </div>
    </div>
  </section>`;
}

function dayLine(facts: TargetFacts, day: { readonly from: number; readonly to: number }, now: number): Html {
  const { awake, why, wakes } = facts;
  const place = (at: number): number =>
    Math.max(0, Math.min(WIDTH, ((at - day.from) / (day.to - day.from)) * WIDTH));
  const block = (from: number, to: number): string => {
    const x = place(from);
    const width = Math.max(4, place(to) - x);
    return `M${x.toFixed(0)} 4h${width.toFixed(0)}v10h-${width.toFixed(0)}z`;
  };
  const blocks = awake
    .filter(({ from, to = now }) => to > day.from && from < day.to)
    .map(({ from, to = now }) => block(from, Math.min(to, now)));
  const failed = wakes
    .filter(({ outcome, at }) => outcome === "failed" && at >= day.from && at < day.to)
    .map(({ at }) => `M${place(at).toFixed(0)} 15h5v4h-5z`);
  const isToday = now >= day.from && now < day.to;
  const planned = isToday && why.sleepsAt !== undefined ? block(now, why.sleepsAt) : "";
  const mark = isToday ? `<path class="nowmark" d="M${place(now).toFixed(0)} 1h3v16h-3z"/>` : "";
  const base = baseLine(facts, day, (at) => place(at).toFixed(0), "14.5");
  const ticks = `<path class="tick" d="M0 0v20M360 0v20M720 0v20M1080 0v20M1439 0v20"/>`;
  return raw(
    `<svg class="dayline" viewBox="0 0 ${String(WIDTH)} 20" preserveAspectRatio="none" aria-hidden="true">${ticks}${base}<path class="up" d="${blocks.join("")}"/><path class="plan" d="${planned}"/><path class="bad" d="${failed.join("")}"/>${mark}</svg>`,
  );
}
