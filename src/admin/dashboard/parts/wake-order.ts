import type { DependencyFact, TargetFacts } from "../../facts/target-facts.ts";
import { listNames } from "../../text.ts";
import { html, type Html } from "../html.ts";
import { glyph, glyphAt } from "./glyphs.ts";

const MOST_DRAWN = 6;
const STEP = 90;
const WORDS: Readonly<Record<DependencyFact["condition"], string>> = {
  service_started: "started",
  service_healthy: "healthy",
  service_completed_successfully: "completed",
};

/** What wakes before it, from left to right in time; nothing when it stands alone. */
export function wakeOrder(facts: TargetFacts): Html | undefined {
  const { dependencies } = facts;
  if (dependencies.length === 0) return undefined;
  const sentence = `${listNames(dependencies.map(({ displayName, condition }) => `${displayName} (${WORDS[condition]})`))} first, then ${facts.displayName}.`;
  return html`<section data-key="order">
    <h2>Wake order</h2>
    ${dependencies.length > MOST_DRAWN ? list(dependencies) : drawing(facts, sentence)}
  </section>`;
}

function list(dependencies: readonly DependencyFact[]): Html {
  return html`<ul class="order">
    ${dependencies.map((dependency) => html`<li>${glyph(dependency.state)}<a href="/ui/target/${dependency.name}">${dependency.displayName}</a><span class="sub">${WORDS[dependency.condition]}, ${alsoText(dependency)}</span></li>`)}
  </ul>`;
}

function drawing(facts: TargetFacts, sentence: string): Html {
  const { dependencies } = facts;
  const height = dependencies.length * STEP;
  const middle = height / 2 - 12;
  const parts = dependencies.map((dependency, i) => {
    const y = i * STEP;
    const from = y + 22;
    const to = middle + 6 + (i - (dependencies.length - 1) / 2) * 14;
    const { displayName, condition, state } = dependency;
    const labelY =
      (from + to) / 2 - 8 + (dependencies.length > 1 ? (i < dependencies.length / 2 ? -4 : 20) : 0);
    return html`<path class="edge" d="M78 ${from}C170 ${from} 180 ${to} 266 ${to}" /><path
        class="edge"
        d="m260 ${to - 4} 7 4-7 4"
      /><text class="cond" x="170" y="${labelY}">${WORDS[condition]}</text
      >${glyphAt(state, 40, y + 6, 24)}<text class="n" x="52" y="${y + 52}">${clip(displayName)}</text
      ><text class="s" x="52" y="${y + 68}">${alsoText(dependency)}</text>`;
  });
  return html`<svg
    class="orderpic"
    viewBox="0 0 372 ${Math.max(height, 90)}"
    role="img"
    aria-label="${sentence}"
  >
    ${parts}${glyphAt(facts.state, 290, Math.max(0, middle - 16), 36)}
    <text class="n" x="308" y="${Math.max(0, middle - 16) + 60}">${clip(facts.displayName)}</text>
  </svg>`;
}

function alsoText({ alsoFor }: DependencyFact): string {
  return alsoFor.length === 0 ? "only for this" : `also for ${clip(listNames(alsoFor))}`;
}

function clip(text: string): string {
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}
