import type { Watcher } from "../../src/watchers/watcher.ts";
import type { Happening } from "./happening.ts";

/** Which awake targets somebody wants asleep: such a wish is over when the target is. */
export class Asked {
  readonly #targets = new Map<string, "quiet" | "force">();
  readonly #forRoom = new Set<string>();

  /** What a person wants. */
  of(target: string): "quiet" | "force" | undefined {
    return this.#targets.get(target);
  }

  /** It goes to sleep so that others have room. */
  makesRoom(target: string): boolean {
    return this.#forRoom.has(target);
  }

  /** Before anybody else hears of it. */
  hear(happening: Happening, watcherOf: (target: string) => Watcher | undefined): void {
    switch (happening.kind) {
      case "killed":
      case "closed":
        this.#targets.clear();
        this.#forRoom.clear();
        return;
      case "ordered":
        if (watcherOf(happening.target)?.state.kind !== "ready") return;
        if (happening.order === "force") this.#targets.set(happening.target, "force");
        if (happening.order === "sleep") this.#targets.set(happening.target, "quiet");
        return;
      case "input":
        if (happening.input.type !== "sleep") return;
        if (watcherOf(happening.target)?.asked.how === "room") this.#forRoom.add(happening.target);
        return;
      case "moved":
        if (happening.moved.after.kind === "stopping") return;
        this.#targets.delete(happening.moved.watcher.name);
        this.#forRoom.delete(happening.moved.watcher.name);
        return;
      default:
    }
  }
}
