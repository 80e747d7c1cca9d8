import type { TargetSpec } from "../config/model.ts";
import type { State } from "./state.ts";
import { secondTierMs } from "./tiers.ts";
import type { Context } from "./input.ts";
import type { Surroundings } from "./workbench.ts";

/** What a transition may read of a target in this state. */
export function contextOf(spec: TargetSpec, before: State, around: Surroundings): Context {
  const { clock } = around;
  return {
    now: clock.now(),
    mono: clock.monotonic(),
    hasDependencies: around.edges().length > 0,
    needsRoom: around.room.needed,
    onManualStop: spec.onManualStop,
    foreignStopGraceMs: spec.foreignStopGraceMs,
    oneShot: around.oneShot,
    ...deepenOf(spec, before, around),
    ...asleepSinceOf(spec, before, around),
  };
}

/** It was asleep before Wakegate's own restart, or before its engine went away. */
function asleepSinceOf(
  spec: TargetSpec,
  before: State,
  { store }: Surroundings,
): Pick<Context, "asleepSince"> {
  const asleepSince = before.kind === "missing" ? store.target(spec.name)?.asleepSince : undefined;
  return asleepSince === undefined ? {} : { asleepSince };
}

/** Which paused run is to be stopped later, and when: the one that we pause now, or paused before a restart. */
function deepenOf(spec: TargetSpec, before: State, around: Surroundings): Pick<Context, "deepen"> {
  const { store, clock, room } = around;
  const inMs = secondTierMs(spec) ?? (room.inBudget ? Number.POSITIVE_INFINITY : undefined);
  if (inMs === undefined) return {};
  if (before.kind === "stopping" && before.whose === "ours" && before.method === "pause")
    return { deepen: { run: before.seen.run, inMs } };
  const napped = store.target(spec.name)?.napped;
  if (!napped) return {};
  // A wall clock that was set back meanwhile does not lengthen it, one that was set forward ends it at worst.
  const passed = Math.max(0, clock.now() - napped.at);
  return { deepen: { run: napped.run, inMs: Math.max(0, inMs - passed) } };
}
