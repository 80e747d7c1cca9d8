import { LAYER_TEXT, type Finding } from "../../../doctor/finding.ts";
import type { Report } from "../../../doctor/report.ts";
import { momentText } from "../../text.ts";
import { html, type Html } from "../html.ts";
import { largeGate } from "../parts/gate.ts";
import { marks } from "../parts/glyphs.ts";
import { shell } from "../parts/shell.ts";
import type { ViewContext } from "../view-context.ts";

/** The whole chain, from the engine to Wakegate itself: what was found, and what to paste. */
export function doctorPage(report: Report, context: ViewContext): string {
  const problems = report.findings.filter(({ level }) => level === "problem").length;
  const warnings = report.findings.filter(({ level }) => level === "warning").length;
  const scene = problems > 0 ? "failed" : "ready";
  const sky = html`<div class="col scene" data-key="scene" data-scene="${scene}">
    <div class="halo"></div>
    ${largeGate(scene, 1)}
    <p class="num words"><b>${summary(problems, warnings)}</b><span>${counts(report)}</span></p>
  </div>`;
  const main = html`<h1>Doctor</h1>
    <p class="lead">
      Looks at everything that a visit goes through, and wakes nothing.
      <span data-key="asof"
        >Looked at ${momentText(Date.parse(report.asOf), context.now, context.zone)}.</span
      >
    </p>
    <form class="examine js" id="examine">
      <label for="proxy">Proxy<span class="vh">'s address</span></label>
      <input
        type="text"
        id="proxy"
        name="proxy"
        placeholder="is looked for"
        autocomplete="off"
        spellcheck="false"
      /><button class="btn" ${context.mayAct ? undefined : html`aria-disabled="true"`}>Run again</button>
    </form>
    <p class="more wrong" role="alert"></p>
    <ol class="checks" data-key="report">
      ${report.findings.map(row)}
    </ol>`;
  return shell(
    { title: "Doctor · Wakegate", current: "doctor", kind: "doctor", sky, main },
    { ...context, failing: problems > 0 },
  );
}

function summary(problems: number, warnings: number): string {
  if (problems > 0) return problems === 1 ? "1 thing to fix" : `${String(problems)} things to fix`;
  if (warnings > 0) return warnings === 1 ? "1 thing to look at" : `${String(warnings)} things to look at`;
  return "Everything is well";
}

function counts({ findings }: Report): string {
  const number = (level: Finding["level"]): number => findings.filter((each) => each.level === level).length;
  const skipped = number("skipped");
  const good = `${String(number("ok"))} good`;
  return skipped === 0 ? good : `${good}, ${String(skipped)} could not be looked at`;
}

const WORDS = { ok: "Good", warning: "Warning", problem: "Problem", skipped: "Not looked at" } as const;

function row({ title, level, layer, sentence, evidence, fix }: Finding): Html {
  const bad = level === "problem" || level === "warning";
  return html`<li class="l-${level}">
    ${marks[level]}
    <div>
      <h2>
        ${title}
        <span><span class="vh">${WORDS[level]}. </span>${bad ? LAYER_TEXT[layer] : undefined}</span>
      </h2>
      <p>${sentence}</p>
      ${
        evidence.length > 0
          ? html`<ul class="note">
              ${evidence.map((each) => html`<li>${each}</li>`)}
            </ul>`
          : undefined
      }
      ${fix.map(
        ({ where, lines }) =>
          html`<p class="where">${where}</p>
            <pre class="code" tabindex="0" role="region" aria-label="To paste: ${where}">${lines}</pre>`,
      )}
    </div>
  </li>`;
}
