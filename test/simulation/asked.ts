import type { Happening } from "./happening.ts";

/** Which awake targets a person wants asleep: such a wish is over when the target is. */
export class Asked {
  readonly #targets = new Map<string, "quiet" | "force">();

  of(target: string): "quiet" | "force" | undefined {
    return this.#targets.get(target);
  }

  /** Before anybody else hears of it. */
  hear(happening: Happening, isReady: (target: string) => boolean): void {
    if (happening.kind === "killed" || happening.kind === "closed") this.#targets.clear();
    if (happening.kind === "ordered" && isReady(happening.target)) {
      if (happening.order === "force") this.#targets.set(happening.target, "force");
      if (happening.order === "sleep") this.#targets.set(happening.target, "quiet");
    }
    if (happening.kind === "moved" && happening.moved.after.kind !== "stopping")
      this.#targets.delete(happening.moved.watcher.name);
  }
}
