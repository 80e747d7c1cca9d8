import type { Happening } from "../happening.ts";
import type { Scene } from "../scene.ts";

/** One of the rules of the design. */
export interface Invariant {
  readonly number: number;
  /** As the design says it. */
  readonly says: string;
  /** Begins to watch one scene. What breaks the rule is told to `scene.violated`. */
  watch(scene: Scene): Watching;
}

/** What a rule wants to hear. */
export interface Watching {
  readonly hear?: (happening: Happening) => void;
  /** After each step, when everything that it led to at once is over. */
  readonly step?: () => void;
  /** The engine has told the truth for long enough, and nobody has asked for anything. */
  readonly quiet?: () => void;
  /** Wakegate has ended in good order. */
  readonly closed?: () => void;
}

/** Whether a request was let through. */
export function passed(happening: Happening): happening is Happening & { readonly kind: "answered" } {
  const status = happening.kind === "answered" ? (happening.visit.status ?? 0) : 0;
  return status >= 200 && status < 300;
}
