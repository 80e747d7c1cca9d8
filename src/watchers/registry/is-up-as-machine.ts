import type { State } from "../state.ts";

/**
 * Whether an engine inside of this target may be asked. Undefined: what held before holds, because a machine that is
 * proved once more was not down, and one that nobody can look at need not be. Pure.
 */
export function isUpAsMachine(state: State | undefined): boolean | undefined {
  switch (state?.kind) {
    case "ready":
      return true;
    case "napping":
    case "stopping":
    case "error":
      return false;
    case "waking":
    case "starting":
    case "missing":
    case undefined:
      return undefined;
  }
}
