import { causeShort } from "../../events/admin-event.ts";
import { usualWakeMs } from "../../facts/summary.ts";
import type { TargetFacts } from "../../facts/target-facts.ts";
import type { WakeRecord } from "../../../store/store.ts";
import { finished, momentText } from "../../text.ts";
import { html, raw, type Html } from "../html.ts";
import type { ViewContext } from "../view-context.ts";

const SHOWN = 6;
const WIDTH = 380;
const PHASES = [
  ["stopping", "w-stop", 3],
  ["room", "w-stop", 3],
  ["dependencies", "w-dep", 5],
  ["starting", "w-start", 9],
  ["probing", "w-probe", 13],
] as const;

interface Shown {
  readonly wake: WakeRecord;
  readonly alike: number;
}

/** The last wakes with their phases, to one scale. */
export function lastWakes(facts: TargetFacts, { now, zone }: ViewContext): Html {
  const shown = folded([...facts.wakes].reverse()).slice(0, SHOWN);
  const usual = usualWakeMs(facts.wakes);
  const caption = usual === undefined ? undefined : html` <span>usually ${finished(usual)}</span>`;
  if (shown.length === 0)
    return html`<section data-key="wakes">
      <h2>Last wakes</h2>
      <p class="note">It has not been woken yet.</p>
    </section>`;
  const longest = Math.max(...shown.map(({ wake }) => wake.totalMs), 1);
  return html`<section data-key="wakes">
    <h2>
      Last wakes${caption}<span class="legend" aria-hidden="true"
        ><i class="w-dep"></i>dependencies<i class="w-start"></i>start<i class="w-probe"></i>probe</span
      >
    </h2>
    <table class="wakes">
      <tbody>
        ${shown.map(
          ({ wake, alike }) =>
            html`<tr>
              <th scope="row">${dayText(wake.at, now, zone)}</th>
              <td class="w-bar">${phases(wake, longest)}</td>
              <td class="w-sum">
                ${wake.outcome === "failed" ? html`<em>failed</em>` : finished(wake.totalMs)}
              </td>
              <td class="w-by">${by(wake, alike)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

function dayText(at: number, now: number, zone: string | undefined): string {
  const text = momentText(at, now, zone);
  return /^\d\d:\d\d$/.test(text) ? `Today ${text}` : text;
}

function by({ cause }: WakeRecord, alike: number): string {
  const word = cause.by === "retry" ? "Retry by Wakegate" : causeShort(cause).replace(" from ", " · ");
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}${alike > 0 ? `, ${String(alike)} alike` : ""}`;
}

/** Failures that follow each other for the same reason and by the same cause are one line. */
function folded(wakes: readonly WakeRecord[]): Shown[] {
  const shown: { wake: WakeRecord; alike: number }[] = [];
  for (const wake of wakes) {
    const last = shown.at(-1);
    const same =
      last?.wake.outcome === "failed" &&
      wake.outcome === "failed" &&
      last.wake.failure === wake.failure &&
      last.wake.cause.by === "retry" &&
      wake.cause.by === "retry";
    if (last && same) last.alike++;
    else shown.push({ wake, alike: 0 });
  }
  return shown;
}

function phases(wake: WakeRecord, longest: number): Html {
  let x = 0;
  const known = PHASES.flatMap(([phase, name, height]) => {
    const ms = wake.phases[phase];
    return ms === undefined ? [] : [{ name, height, ms, phase }];
  });
  const sum = known.reduce((total, { ms }) => total + ms, 0);
  const scale = (WIDTH - 16) / Math.max(longest, sum);
  const bars = known.map(({ name, height, ms }) => {
    const width = Math.max(2, ms * scale - 2);
    const bar = `<rect class="${name}" x="${x.toFixed(1)}" y="${String(14 - height)}" width="${width.toFixed(1)}" height="${String(height)}" rx="1.5"/>`;
    x += width + 2;
    return bar;
  });
  const words = known.map(({ phase, ms }) => `${phase} ${finished(ms)}`).join(", ");
  const cross =
    wake.outcome === "failed" ? `<path class="w-x" d="m${(x + 3).toFixed(1)} 3 8 8m0-8-8 8"/>` : "";
  return html`<svg viewBox="0 0 ${WIDTH} 14" role="img" aria-label="${words}">
    ${raw(bars.join("") + cross)}
  </svg>`;
}
