import type { State, Wake } from "./state.ts";

/** The kind of wake that estimates should speak of. */
export function tierOf(state: State): Wake["from"] {
  if (state.kind === "waking" || state.kind === "starting" || state.kind === "error") return state.wake.from;
  if (state.kind === "stopping")
    return state.whose === "ours" && state.method === "pause" ? "paused" : "stopped";
  return state.kind === "napping" && state.how === "paused" ? "paused" : "stopped";
}
