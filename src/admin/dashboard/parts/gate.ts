import { progressAt } from "../../../../templates/live.js";
import type { StateWord, TargetFacts } from "../../facts/target-facts.ts";
import { html, raw, type Html } from "../html.ts";

/** What a large gate shows. */
export type Scene = "waking" | "ready" | "stopping" | "failed" | "closed" | "empty" | "asleep";

const RIM_D = "M0 224V92a92 92 0 0 1 184 0V224Z";

/** A target's place in the visitor's picture: the scene, and the sunrise from 0 to 1. */
export function sceneOf(facts: TargetFacts): { readonly scene: Scene; readonly p: number } {
  const { elapsedMs, etaMs } = facts.progress;
  switch (facts.state) {
    case "awake":
      return { scene: "ready", p: 1 };
    case "waking":
    case "starting":
      return {
        scene: "waking",
        p: elapsedMs !== undefined && etaMs ? progressAt(elapsedMs, etaMs) : 0.3,
      };
    case "stopping":
      return { scene: "stopping", p: 0.12 };
    case "failed":
      return { scene: "failed", p: 0 };
    case "closed":
      return { scene: "closed", p: 0 };
    case "asleep":
    case "paused":
      return { scene: "asleep", p: 0 };
    case "unknown":
    case "gone":
      return { scene: "empty", p: 0 };
  }
}

/** The large gate with its frame; the drawing of the loading page, standing still. */
export function largeGate(scene: Scene, p: number): Html {
  const frame = scene === "empty" ? "" : '<path class="frame" d="M-9.5 224V92a101.5 101.5 0 0 1 203 0V224"/>';
  return raw(
    `<svg class="gate" viewBox="0 0 184 224" aria-hidden="true">${frame}<g clip-path="url(#arch)">${inside(scene, p)}</g><path class="rim r-${scene}" d="${RIM_D}"/></svg>`,
  );
}

/** A dependency's gate beside it. */
export function smallGate(state: StateWord, name: string): Html {
  const scene: Scene =
    state === "awake" ? "ready" : state === "failed" ? "failed" : isComing(state) ? "waking" : "asleep";
  return html`<svg class="small" viewBox="0 0 184 224" role="img" aria-label="${name}">
    <g clip-path="url(#arch)">${raw(inside(scene, scene === "waking" ? 0.55 : 0))}</g>
    <path class="rim r-${scene}" d="${RIM_D}" />
  </svg>`;
}

function isComing(state: StateWord): boolean {
  return state === "waking" || state === "starting";
}

function inside(scene: Scene, p: number): string {
  const shut = '<path fill="url(#shut)" d="M0 0h184v224H0z"/>';
  switch (scene) {
    case "waking":
    case "asleep":
      return sky(-476 * p, 256 - 138 * p, "#ffdf9a", Math.min(1, 0.25 + p));
    case "stopping":
      return sky(-250, 232, "#ffb27d", 0.6);
    case "ready":
      return `<path fill="url(#day)" d="M0 0h184v224H0z"/>${sun(100, "#fffaf0", 1)}`;
    case "failed":
      return `${shut}<path class="bang" d="M83.5 92.5a8.5 8.5 0 0 1 17 0l-2.2 54a6.3 6.3 0 0 1-12.6 0Z"/><circle class="bang" cx="92" cy="177" r="11"/>`;
    case "closed":
      return `${shut}<path d="M92 0v224" stroke="#000" stroke-opacity=".35" stroke-width="2"/><path d="M93.5 0v224" stroke="#fff" stroke-opacity=".1"/><g fill="#ffd98c" fill-opacity=".75"><circle cx="78" cy="140" r="4"/><circle cx="106" cy="140" r="4"/></g>`;
    case "empty":
      return "";
  }
}

function sky(shift: number, sunY: number, colour: string, glow: number): string {
  return `<rect width="184" height="700" fill="url(#strip)" transform="translate(0 ${shift.toFixed(1)})"/>${sun(sunY, colour, glow)}`;
}

function sun(y: number, colour: string, glow: number): string {
  const at = y.toFixed(1);
  return `<circle cx="92" cy="${at}" r="120" fill="url(#glow)" opacity="${glow.toFixed(2)}"/><circle cx="92" cy="${at}" r="34" fill="${colour}"/>`;
}
