import { backoffMs } from "../lib/backoff.ts";
import type { WakeCause } from "./handle.ts";
import type { Context, KnownStop } from "./input.ts";
import { adopt, beginWake, gone, isUp, ownStop, resting } from "./next-state.ts";
import {
  wakeBegan,
  type Failed,
  type Napping,
  type OwnStop,
  type Sighting,
  type State,
  type Stopping,
  type Wake,
  type Waking,
} from "./state.ts";

/** How much longer than its own grace a container may take to die before we believe that it lives on. */
const DYING_MARGIN_MS = 5_000;
/** Pauses between the tries of a stop that fails. */
const STOP_RETRY = { firstMs: 2_000, maxMs: 60_000 };

/** The engine was asked while it goes down. Pure. */
export function seenWhileStopping(state: Stopping, sighting: Sighting | undefined, ctx: Context): State {
  if (state.whose === "ours") {
    // Our own call is the judge; it looks when it is over. Only a stop that we merely wait for ends here.
    return state.resumedUntil !== undefined && isOver(state, sighting)
      ? settled(state, sighting, ctx)
      : state;
  }
  if (!sighting) return state.phase === "down" ? state : foreignDown(state.seen, ctx, state);
  if (isUp(sighting)) {
    const sameRun = sighting.run === state.seen.run && sighting.id === state.seen.id;
    if (state.phase === "dying" && sameRun) return state;
    return adopt(sighting, ctx, state.wanted?.cause, state.wanted?.since);
  }
  if (state.phase === "dying") return foreignDown(sighting, ctx, state);
  return sighting.id === state.seen.id ? state : { ...state, seen: sighting };
}

/** It is down, or up again already. */
function isOver({ seen }: OwnStop, sighting: Sighting | undefined): boolean {
  if (sighting?.status !== "running") return true;
  return sighting.id !== seen.id || (sighting.run !== "" && sighting.run !== seen.run);
}

/** A Wakegate that was killed since decided this stop: what runs is taken for dying while that may take. Pure. */
export function resumedStop(sighting: Sighting, stop: KnownStop, ctx: Context): OwnStop {
  // A wall clock that was set back must not make it wait longer than the stop was given.
  const resumedUntil = Math.min(stop.until, ctx.now + stop.until - stop.at);
  return { ...ownStop(sighting, "stop", ctx), resumedUntil };
}

/**
 * The same of what was paused when we came and goes on: the signal that waited for it reaches it now. Undefined: none
 * does. Pure.
 */
export function dyingOnceUnpaused(
  state: Waking | Failed,
  sighting: Sighting,
  ctx: Context,
  stop: KnownStop | undefined,
): OwnStop | undefined {
  if (!stop || !leavesSignal(stop) || stop.until <= ctx.now) return undefined;
  // A run that is known to go on was not paused: its stop is still being decided, by us.
  if (sighting.status !== "running" || (state.kind === "error" && state.seen)) return undefined;
  const wanted = state.kind === "waking" && isRequest(state.wake) && wantedBy(state.wake);
  return { ...resumedStop(sighting, stop, ctx), ...(wanted && { wanted }) };
}

/** What is paused keeps the signal of such a stop until it goes on. */
export function leavesSignal({ method }: Pick<KnownStop, "method">): boolean {
  return method === "stop" || method === "kill";
}

/** Somebody else's stop signal is on its way to it; `running`: the run that the engine last spoke of. Pure. */
export function stopSignal(state: State, ctx: Context, running?: Sighting): State {
  const seen = dyingRun(state, running);
  if (!seen) return state;
  const comesUp = state.kind === "starting" || state.kind === "waking";
  return {
    kind: "stopping",
    whose: "foreign",
    task: Symbol(),
    phase: "dying",
    seen,
    began: ctx.mono,
    waitMs: seen.stopTimeoutMs + DYING_MARGIN_MS,
    ...(comesUp && isRequest(state.wake) && { wanted: wantedBy(state.wake) }),
  };
}

function dyingRun(state: State, running: Sighting | undefined): Sighting | undefined {
  switch (state.kind) {
    case "ready":
    case "starting":
      return state.seen;
    case "error":
      return state.seen && isUp(state.seen) ? state.seen : undefined;
    case "waking":
      // Before the engine has shown a run, it is the end of an earlier one that is told late.
      return state.runs ?? running;
    case "napping":
    case "stopping":
    case "missing":
      return undefined;
  }
}

/** It is down, or gone, without our doing: updaters and backups bring it back in a moment. Pure. */
export function foreignDown(sighting: Sighting, ctx: Context, before?: Stopping): State {
  return {
    kind: "stopping",
    whose: "foreign",
    task: Symbol(),
    phase: "down",
    seen: sighting,
    began: ctx.mono,
    waitMs: ctx.foreignStopGraceMs,
    ...(before?.wanted && { wanted: before.wanted }),
  };
}

/** A wait or a stop call is over: whatever the engine says now is taken as it is. Pure. */
export function settled(state: Stopping, sighting: Sighting | undefined, ctx: Context): State {
  if (!sighting) return gone(ctx);
  const stillUp = isUp(sighting);
  if (state.whose === "ours") {
    // A stop from before a restart may have been a pause.
    const sameRun = sighting.run === state.seen.run;
    const unfinished = sighting.status === "paused" && state.method !== "pause" && !state.wanted;
    if (unfinished && sameRun && state.resumedUntil === undefined) return sleepFailed(state, ctx);
    if (!stillUp) return after(state, asleepSince(resting(sighting, ctx), state), ctx);
    if (state.resumedUntil !== undefined || state.wanted || !sameRun) {
      return adopt(sighting, ctx, state.wanted?.cause, state.wanted?.since);
    }
    return sleepFailed(state, ctx);
  }
  if (stillUp) return adopt(sighting, ctx, state.wanted?.cause, state.wanted?.since);
  const rest = resting(sighting, ctx);
  if (ctx.onManualStop === "hold" && rest.how !== "completed" && rest.how !== "created")
    return { ...rest, held: true };
  return after(state, rest, ctx);
}

/** Down at last: up again at once when somebody waits for it. */
function after(state: Stopping, rest: Napping, ctx: Context): State {
  if (!state.wanted) return rest;
  const from = rest.how === "completed" ? "stopped" : rest.how;
  return beginWake(from, state.wanted.cause, ctx, { stopping: state.wanted.since });
}

/** What was paused before it was stopped sleeps since it was paused. */
function asleepSince(rest: Napping, { deepens }: OwnStop): Napping {
  return deepens === undefined ? rest : { ...rest, since: deepens };
}

/** Our stop did not work: tried again, or given up for those who want it. Pure. */
export function sleepFailed(state: State, ctx: Context): State {
  if (state.kind !== "stopping" || state.whose !== "ours") return state;
  if (state.wanted) return adopt(state.seen, ctx, state.wanted.cause, state.wanted.since);
  const retryAt = ctx.mono + backoffMs(state.tries, STOP_RETRY);
  const { called: _, ...rest } = state;
  return { ...rest, task: Symbol(), tries: state.tries + 1, retryAt };
}

function isRequest(wake: Wake): wake is Wake & { cause: WakeCause } {
  return wake.cause.by !== "outside";
}

function wantedBy(wake: Wake & { cause: WakeCause }): { cause: WakeCause; since: number } {
  return {
    cause: wake.cause,
    since: wakeBegan(wake),
  };
}
