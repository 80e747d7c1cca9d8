import { dyingOnceUnpaused, settled, sleepFailed, stopSignal } from "./going-down.ts";
import type { WakeCause } from "./handle.ts";
import type { Context, Input } from "./input.ts";
import {
  adopt,
  beginWake,
  calling,
  gone,
  isUp,
  ownStop,
  probing,
  ready,
  resting,
  withRoom,
} from "./next-state.ts";
import type { Failure } from "./progress.ts";
import { seen, seenWhileStarting } from "./seen.ts";
import type { Missing, OwnStop, State } from "./state.ts";

/**
 * The next state. Pure; returns the same object when nothing changes, and keeps `task` when the work under
 * way goes on.
 */
export function transition(state: State, input: Input, ctx: Context): State {
  switch (input.type) {
    case "wake":
      return wake(state, input.cause, ctx, false);
    case "retry":
      return wake(state, input.cause, ctx, true);
    case "seen":
      return seen(state, input.sighting, ctx, input.stopIntent);
    case "stop-signal":
      return stopSignal(state, ctx, input.running);
    case "engine-away":
      return engineAway(state, input.message, ctx);
    case "room":
      if (state.kind !== "waking" || state.step !== "room") return state;
      return withRoom(state, ctx, input.waited);
    case "dependencies-ready":
      if (state.kind !== "waking" || state.step !== "dependencies") return state;
      return calling(state, ctx);
    case "called":
      if (state.kind !== "waking" || state.step !== "calling") return state;
      if (!input.sighting) return gone(ctx);
      return (
        dyingOnceUnpaused(state, input.sighting, ctx, input.stopIntent) ??
        seenWhileStarting(probing(state.wake, input.sighting, ctx), input.sighting, ctx)
      );
    case "wake-failed":
      return failed(state, input.failure, input.coolDownMs, ctx);
    case "proved":
      return state.kind === "starting" ? ready(state, ctx) : state;
    case "sleep":
      if (state.kind === "ready")
        return { ...ownStop(state.seen, input.method, ctx), ...(input.asked && { asked: input.asked }) };
      if (state.kind === "napping" && state.deeper)
        return { ...ownStop(state.deeper.seen, input.method, ctx), deepens: state.since };
      if (state.kind === "error" && state.paused)
        return { ...ownStop(state.paused.seen, input.method, ctx), deepens: state.paused.since };
      return state.kind === "error" && state.seen ? ownStop(state.seen, input.method, ctx) : state;
    case "stop-called":
      return state.kind === "stopping" && state.whose === "ours" ? { ...state, called: true } : state;
    case "stop-elsewhere":
      if (state.kind === "ready")
        return { ...ownStop(state.seen, input.method, ctx), resumedUntil: input.until, elsewhere: true };
      return state.kind === "stopping" && state.whose === "ours" && state.resumedUntil !== undefined
        ? { ...state, task: Symbol(), resumedUntil: input.until }
        : state;
    case "clock-set":
      return state.kind === "error" ? { ...state, until: state.until + input.ms } : state;
    case "sleep-failed":
      return sleepFailed(state, ctx);
    case "sleep-dropped":
      if (state.kind !== "stopping" || state.whose !== "ours") return state;
      // What was paused before stays paused.
      if (state.deepens !== undefined) return { ...resting(state.seen, ctx), since: state.deepens };
      return adopt(state.seen, ctx);
    case "settled":
      if (state.kind !== "stopping") return seen(state, input.sighting, ctx);
      return settled(state, input.sighting, ctx);
  }
}

function wake(state: State, cause: WakeCause, ctx: Context, explicit: boolean): State {
  switch (state.kind) {
    case "napping":
      if (state.held && !explicit && cause.by !== "operator") return state;
      return beginWake(
        state.how === "completed" ? "stopped" : state.how,
        cause,
        ctx,
        {},
        state.deeper && { paused: { seen: state.deeper.seen, since: state.since } },
      );
    case "error":
      if (!explicit && cause.by !== "dependant" && ctx.now < state.until) return state;
      return beginWake(
        state.wake.from,
        cause,
        ctx,
        {},
        {
          ...(state.seen && isUp(state.seen) && { runs: state.seen }),
          ...(state.paused && { paused: state.paused }),
        },
      );
    case "stopping":
      // Nothing was stopped yet, or the last try failed and left the app running: what is there is used.
      if (state.whose === "ours" && !state.called && state.resumedUntil === undefined)
        return cancelStop(state, cause, ctx);
      return state.wanted ? state : { ...state, wanted: { cause, since: ctx.mono } };
    case "waking":
    case "starting":
    case "ready":
    case "missing":
      return state;
  }
}

/** Its parts may have been put to sleep before it: a wake brings them back, and finds the target itself running. */
function cancelStop({ deepens, seen }: OwnStop, cause: WakeCause, ctx: Context): State {
  if (deepens !== undefined) return beginWake("paused", cause, ctx);
  if (!ctx.hasDependencies) return adopt(seen, ctx, cause);
  return beginWake("stopped", cause, ctx, {}, { runs: seen });
}

function heldBy(state: State): Missing["held"] | undefined {
  if (state.kind === "starting" || (state.kind === "error" && state.seen)) return "awake";
  if (state.kind === "napping" && state.how === "paused") return "memory";
  if (state.kind === "error" && state.paused) return "memory";
  return state.kind === "missing" ? state.held : undefined;
}

function failed(state: State, failure: Failure, coolDownMs: number, ctx: Context): State {
  if (state.kind !== "waking" && state.kind !== "starting") return state;
  const runs = state.kind === "waking" ? state.runs : isUp(state.seen) ? state.seen : undefined;
  const paused = state.kind === "waking" ? state.paused : undefined;
  const failingSince = state.kind === "starting" ? state.failingSince : undefined;
  return {
    kind: "error",
    task: Symbol(),
    failure,
    until: ctx.now + coolDownMs,
    wake: state.wake,
    ended: ctx.mono,
    ...(runs && { seen: runs }),
    ...(paused && { paused }),
    ...(failingSince !== undefined && { failingSince }),
  };
}

/**
 * What is ready goes on: its bytes do not pass through the engine, and an engine that restarts often leaves
 * its containers alone. Calls under way fail by themselves.
 */
function engineAway(state: State, message: string, ctx: Context): State {
  if (state.kind === "ready" || state.kind === "waking" || state.kind === "stopping") return state;
  if (state.kind === "missing" && state.why === "away" && state.message === message) return state;
  const held = heldBy(state);
  return { kind: "missing", why: "away", message, since: ctx.now, ...(held && { held }) };
}
