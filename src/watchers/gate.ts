import { withLastWords } from "./failure.ts";
import type { Gate } from "./handle.ts";
import type { MayNotWake } from "./progress.ts";
import type { State } from "./state.ts";

const READY: Gate = { kind: "ready" };
const ASLEEP: Gate = { kind: "asleep" };
const WAKING: Gate = { kind: "coming", state: "waking" };
const STARTING: Gate = { kind: "coming", state: "starting" };
const STOPPING: Gate = { kind: "coming", state: "stopping" };

/**
 * The state as a request sees it. The failed app's own words are in it only `withLog`; `mayNotWake` is what people
 * or the schedule ordered.
 */
export function gateOf(state: State, withLog = false, mayNotWake?: MayNotWake): Gate {
  switch (state.kind) {
    case "ready":
      return READY;
    case "waking":
      return WAKING;
    case "starting":
      return STARTING;
    case "stopping":
      return STOPPING;
    case "napping":
      if (mayNotWake) return { kind: "asleep", mayNotWake };
      if (!state.held) return ASLEEP;
      return { kind: "asleep", mayNotWake: { kind: "hold", reason: "stopped by hand" } };
    case "error":
      if (mayNotWake) return { kind: "asleep", mayNotWake };
      return {
        kind: "failed",
        until: state.until,
        message: withLog ? withLastWords(state.failure) : state.failure.message,
      };
    case "missing":
      // Not listed yet is a matter of milliseconds: who asks now waits for it.
      if (state.why === "unlisted") return STARTING;
      return { kind: "missing", why: state.why, message: state.message };
  }
}
