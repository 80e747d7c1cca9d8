import { progressAt } from "../../../templates/live.js";
import type { Progress } from "../../watchers/progress.ts";
import { sane } from "./time.ts";
import type { GateStatus, Scene } from "./view.ts";

/** What the gate shows, with the sunrise p and the light g of the visual language, both 0 to 1. */
export interface ScenePlace {
  readonly scene: Scene;
  readonly p: number;
  readonly g: number;
}

/** Without an estimate the sun stands here and does not move. */
const STILL = 0.3;

/** Progress as a place of the sun. Pure; p never reaches 1 before the app answers. */
export function sceneOf(progress: Progress): ScenePlace {
  const scene = sceneName(progress);
  const elapsed = sane(progress.elapsedMs);
  const eta = sane(progress.etaMs);
  const p = elapsed === undefined || !eta ? STILL : progressAt(elapsed, eta);
  switch (scene) {
    case "waking":
      return { scene, p, g: 0.15 + 0.85 * p };
    case "stopping":
      return { scene, p, g: 0.12 };
    case "ready":
      return { scene, p: 1, g: 1 };
    case "failed":
    case "closed":
    case "empty":
      return { scene, p: 0, g: 0 };
  }
}

function sceneName(progress: Progress): Scene {
  switch (progress.phase) {
    case "napping":
      return progress.mayNotWake ? "closed" : "waking";
    case "stopping":
      return "stopping";
    case "room":
    case "dependencies":
    case "starting":
    case "probing":
      return "waking";
    case "ready":
      return "ready";
    case "error":
      return "failed";
    case "missing":
      return "empty";
  }
}

/** The small gates: one for each dependency, without names; none where they say nothing. */
export function gatesOf(progress: Progress): GateStatus[] {
  if (progress.phase === "stopping" || progress.phase === "missing" || progress.phase === "napping")
    return [];
  if (progress.dependencies.length > 0) return progress.dependencies.map(({ status }) => status);
  const step = progress.steps.find(({ id }) => id === "dependencies");
  const of = Math.min(99, Math.trunc(step?.of ?? 0)) || 0;
  const done = step?.status === "done" ? of : (step?.done ?? 0);
  return Array.from({ length: Math.max(0, of) }, (_, i) => (i < done ? "ready" : "waking"));
}
