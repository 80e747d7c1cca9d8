import { dyingOnceUnpaused, foreignDown, resumedStop, seenWhileStopping } from "./going-down.ts";
import type { Context, KnownStop } from "./input.ts";
import { adopt, crashed, gone, isUp, probing, resting } from "./next-state.ts";
import type { Failed, Sighting, Starting, State } from "./state.ts";

/** The state after the engine was asked; `sighting` is what it said, undefined: it does not know the target. Pure. */
export function seen(state: State, sighting: Sighting | undefined, ctx: Context, intent?: KnownStop): State {
  switch (state.kind) {
    case "napping":
    case "missing":
      return seenAtRest(state, sighting, ctx, intent);
    case "error":
      return seenAfterFailure(state, sighting, ctx, intent);
    case "waking":
      if (!sighting) return gone(ctx);
      if (sighting.status !== "running") return state;
      return dyingOnceUnpaused(state, sighting, ctx, intent) ?? probing(state.wake, sighting, ctx);
    case "starting":
      return seenWhileStarting(state, sighting, ctx);
    case "ready":
      if (sighting && isUp(sighting)) {
        const sameRun = sighting.run === state.seen.run;
        const fellIll = sighting.unhealthy && !state.seen.unhealthy;
        if (sameRun && !fellIll && sighting.status === "running") return { ...state, seen: sighting };
        return adopt(sighting, ctx);
      }
      // No signal came before, and an exit like this one is nobody's wish: it crashed.
      if (sighting?.exit && crashed(sighting.exit))
        return { ...resting(sighting, ctx), crashed: sighting.exit };
      // Gone, down or paused without our doing. Updaters stop, remove and create, backups pause for a
      // moment: wait before it counts as a nap.
      return foreignDown(sighting ?? state.seen, ctx);
    case "stopping":
      return seenWhileStopping(state, sighting, ctx);
  }
}

function seenAtRest(state: State, sighting: Sighting | undefined, ctx: Context, intent?: KnownStop): State {
  if (!sighting) return state.kind === "missing" && state.why === "gone" ? state : gone(ctx);
  if (sighting.status === "running" && intent) return resumedStop(sighting, intent, ctx);
  if (isUp(sighting)) return adopt(sighting, ctx);
  const rest = resting(sighting, ctx);
  if (state.kind !== "napping") return rest;
  const isKnown = rest.how === state.how && (state.deeper !== undefined || rest.deeper === undefined);
  return isKnown ? state : { ...rest, since: state.since };
}

function seenAfterFailure(
  state: Failed,
  sighting: Sighting | undefined,
  ctx: Context,
  intent?: KnownStop,
): State {
  if (!sighting) return gone(ctx);
  if (!isUp(sighting)) {
    const { seen, paused, ...rest } = state;
    const goesOn = paused && sighting.status === "paused" && sighting.run === paused.seen.run;
    if (goesOn) return seen ? { ...rest, paused } : state;
    return seen || paused ? rest : state;
  }
  // The run that failed is known not to answer, until its own health command says otherwise.
  const recovered = state.seen?.unhealthy === true && !sighting.unhealthy;
  if (state.seen && state.seen.run === sighting.run && !recovered) return { ...state, seen: sighting };
  const dying = dyingOnceUnpaused(state, sighting, ctx, intent);
  if (dying) return dying;
  const adopted = adopt(sighting, ctx);
  const isBroughtBack = state.seen?.status === "restarting" && state.seen.id === sighting.id;
  return isBroughtBack ? { ...adopted, failingSince: state.failingSince ?? state.ended } : adopted;
}

/** The same on the way up: it may run, die, be brought back or be taken away. Pure. */
export function seenWhileStarting(state: Starting, sighting: Sighting | undefined, ctx: Context): State {
  if (!sighting) return gone(ctx);
  switch (sighting.status) {
    case "running":
    case "restarting":
      return probedAnew(state, sighting);
    case "paused":
    case "created":
      return resting(sighting, ctx);
    case "removing":
      return foreignDown(sighting, ctx);
    case "exited":
    case "dead":
      if (ctx.oneShot && sighting.exit?.code === 0) return resting(sighting, ctx);
      // Its restart policy brings it back, or the deadline ends the wake with this exit as evidence.
      if (sighting.restarts) return probedAnew(state, sighting);
      return state.seen.status === sighting.status ? state : { ...state, seen: sighting, task: Symbol() };
  }
}

/** What is asked must stop with the run it belongs to: its address may be another container's at once. */
function probedAnew(state: Starting, sighting: Sighting): Starting {
  const same = sighting.run === state.seen.run && sighting.status === state.seen.status;
  const exits = exitsBy(state, sighting);
  // How a run before this wake ended is no matter of this wake.
  const died = sighting.exit ?? (exits > 0 ? sighting.previousExit : undefined);
  return {
    ...state,
    ...(died && { died }),
    exits,
    seen: sighting,
    ...(!same && { task: Symbol() }),
  };
}

/** How many runs of this wake have ended, this sighting included. A start by somebody else begins the count anew. */
function exitsBy(state: Starting, { exit, restartCount, run }: Sighting): number {
  if (restartCount !== undefined) {
    const begun = Math.max(0, restartCount - (state.restartsBefore ?? 0));
    return begun + (exit ? 1 : 0);
  }
  if (exit) return exit.at === state.died?.at ? state.exits : state.exits + 1;
  const isUnseen = state.seen.status === "running" && run !== state.seen.run && state.seen.run !== "";
  return isUnseen ? state.exits + 1 : state.exits;
}
