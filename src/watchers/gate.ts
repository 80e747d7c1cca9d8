import type { Gate } from "./handle.ts";
import type { MayNotWake } from "./progress.ts";
import type { State } from "./state.ts";

const READY: Gate = { kind: "ready" };
const ASLEEP: Gate = { kind: "asleep" };
const WAKING: Gate = { kind: "coming", state: "waking" };
const STARTING: Gate = { kind: "coming", state: "starting" };
const STOPPING: Gate = { kind: "coming", state: "stopping" };

/** The state as a request sees it. `mayNotWake`: what people or the schedule ordered. */
export function gateOf(state: State, mayNotWake?: MayNotWake): Gate {
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
      return { kind: "failed", until: state.until, message: state.failure.message };
    case "missing":
      return { kind: "missing", message: state.message };
  }
}
