import type { WakeRecord } from "../store/store.ts";
import { learn, type Learned } from "./history.ts";
import type { State, Wake } from "./state.ts";
import { tierOf } from "./tier-of.ts";

/** After a start of Wakegate, what runs is known to be ready within this: no page needs to flash up for it. */
const FOUND_SOON: Learned = { usuallyMs: 500, p90Ms: 500 };

/** What is to be expected of a wake; without `from`: of the next one, or the one under way. Pure. */
export function learnedOf(state: State, wakes: readonly WakeRecord[] = [], from?: Wake["from"]): Learned {
  if (from === undefined && isFound(state)) return FOUND_SOON;
  return learn(wakes, from ?? tierOf(state));
}

/** Being found as it is, rather than woken. */
function isFound(state: State): boolean {
  if (state.kind === "missing") return state.why === "unlisted";
  return state.kind === "starting" && state.wake.cause.by === "outside";
}
