import type { DependencyCondition } from "../config/model.ts";
import { WakeFailedError } from "./failure.ts";
import type { State } from "./state.ts";

/**
 * Whether a state meets a dependency's condition: yes, not yet, or never (with the reason). `heldFor`: somebody
 * keeps it asleep. Pure.
 */
export function meets(
  state: State,
  condition: DependencyCondition,
  heldFor?: string,
): boolean | WakeFailedError {
  switch (state.kind) {
    case "ready":
      return condition !== "service_completed_successfully";
    case "starting":
      return condition === "service_started" && state.seen.status === "running";
    case "napping":
      if (state.how === "completed") return condition !== "service_healthy";
      if (heldFor !== undefined) return new WakeFailedError("dependency", `it is kept asleep: ${heldFor}`);
      return state.held
        ? new WakeFailedError("dependency", "it was stopped by hand and is kept asleep")
        : false;
    case "waking":
    case "stopping":
      return false;
    case "error": {
      const { reason, message } = state.failure;
      return new WakeFailedError(reason, message);
    }
    case "missing":
      return new WakeFailedError(state.why === "away" ? "engine_away" : "dependency", state.message);
  }
}
