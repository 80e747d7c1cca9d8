import type { Missing, State } from "./state.ts";
import type { WakeEvent } from "./wake-events.ts";

type Announcement = Pick<WakeEvent, "type" | "message" | "error">;

/** What a change of state is worth saying, in the order of happening. Pure. */
export function announce(before: State, after: State, name: string): readonly Announcement[] {
  if (before.kind === after.kind && !(after.kind === "waking" && before.kind === "waking")) return [];
  switch (after.kind) {
    case "waking":
      if (after.step !== "calling") return [];
      return [
        { type: "starting", message: `${after.wake.from === "paused" ? "Unpausing" : "Starting"} ${name}` },
      ];
    case "starting":
      return [
        { type: "container_woke", message: `${name} runs` },
        { type: "waiting_ready", message: `Waiting for the first answer of ${name}` },
      ];
    case "ready":
      return [{ type: "ready", message: `${name} is ready` }];
    case "error":
      return [{ type: "error", message: `${name} failed to wake`, error: after.failure.message }];
    case "stopping":
      return [
        {
          type: "stopping",
          message:
            after.whose === "foreign" ? `${name} was stopped outside Wakegate` : `${name} is going to sleep`,
        },
      ];
    case "napping":
      // Found asleep when Wakegate came: nothing happened.
      if (before.kind === "missing" && before.why === "unlisted") return [];
      return [{ type: "napping", message: `${name} sleeps` }];
    case "missing":
      return [{ type: "error", message: missingText(after, name), error: after.message }];
  }
}

function missingText({ why }: Missing, name: string): string {
  return why === "away" ? `The engine of ${name} does not answer` : `${name} is not found on its engine`;
}

/** True when this state begins a new wake, so that older events are history. */
export function beginsWake(before: State, after: State): boolean {
  if (after.kind === "waking") return before.kind !== "waking";
  return after.kind === "starting" && before.kind !== "waking" && before.kind !== "starting";
}
