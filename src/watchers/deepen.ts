import type { TargetOptions } from "../config/model.ts";
import type { State } from "./state.ts";
import { secondTierMs } from "./tiers.ts";
import type { Context } from "./transition.ts";
import type { Surroundings } from "./workbench.ts";

/** Which paused run is to be stopped later, and when: the one that we pause now, or paused before a restart. */
export function deepenOf(
  spec: TargetOptions & { readonly name: string },
  before: State,
  { store, clock }: Pick<Surroundings, "store" | "clock">,
): Pick<Context, "deepen"> {
  const inMs = secondTierMs(spec);
  if (inMs === undefined) return {};
  if (before.kind === "stopping" && before.whose === "ours" && before.method === "pause")
    return { deepen: { run: before.seen.run, inMs } };
  const napped = store.target(spec.name)?.napped;
  if (!napped) return {};
  // A wall clock that was set back meanwhile does not lengthen it, one that was set forward ends it at worst.
  const passed = Math.max(0, clock.now() - napped.at);
  return { deepen: { run: napped.run, inMs: Math.max(0, inMs - passed) } };
}
