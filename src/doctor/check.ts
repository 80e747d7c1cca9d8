import type { Found, Layer } from "./finding.ts";
import type { Scene } from "./scene.ts";

/** One question of the doctor's. */
export interface Check {
  /** Stable word. */
  readonly id: string;
  readonly title: string;
  /** Where the fault lies if there is one; a finding may say otherwise. */
  readonly layer: Layer;
  /** Judges what was gathered. Pure. No finding at all: the question does not arise here. */
  readonly judge: (scene: Scene) => readonly Found[];
}
