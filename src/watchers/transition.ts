import { backoffMs } from "../lib/backoff.ts";
import type { Exit, StopMethod } from "../providers/provider.ts";
import type { WakeCause } from "./handle.ts";
import {
  adopt,
  beginWake,
  calling,
  crashed,
  gone,
  isUp,
  ownStop,
  probing,
  ready,
  resting,
} from "./next-state.ts";
import type { Failure } from "./progress.ts";
import type { Failed, Napping, OwnStop, Sighting, Starting, State, Stopping, Wake } from "./state.ts";

/** Everything that can happen to a target. */
export type Input =
  /** Somebody wants it awake. */
  | { readonly type: "wake"; readonly cause: WakeCause }
  /** A person wants it tried again now. */
  | { readonly type: "retry"; readonly cause: WakeCause }
  /** The engine was asked: this is what it said. Undefined: it does not know the target. */
  | { readonly type: "seen"; readonly sighting: Sighting | undefined; readonly stopIntentUntil?: number }
  /** A stop signal that is not ours was sent to it. */
  | { readonly type: "stop-signal" }
  | { readonly type: "engine-away"; readonly message: string }
  | { readonly type: "dependencies-ready" }
  /** Our start or unpause call is over, and this is what the engine says now. */
  | { readonly type: "called"; readonly sighting: Sighting | undefined }
  | { readonly type: "wake-failed"; readonly failure: Failure; readonly coolDownMs: number }
  | { readonly type: "proved" }
  /** The last look found no use and the intent is on disk. */
  | { readonly type: "sleep"; readonly method: StopMethod }
  | { readonly type: "sleep-failed" }
  /** A stop that failed is not tried again: somebody needs or uses it by now. */
  | { readonly type: "sleep-dropped" }
  /** The wall clock was set by so much; nothing else happened. */
  | { readonly type: "clock-set"; readonly ms: number }
  /** The wait of a foreign stop or of a resumed one is over, and this is what the engine says now. */
  | { readonly type: "settled"; readonly sighting: Sighting | undefined };

/** What a transition may read: two clocks and four facts of the target. */
export interface Context {
  /** Wall ms. */
  readonly now: number;
  /** Monotonic ms. */
  readonly mono: number;
  readonly hasDependencies: boolean;
  readonly onManualStop: "nap" | "hold";
  readonly foreignStopGraceMs: number;
  /** It is only ever needed to have run to completion (migrations and the like). */
  readonly oneShot: boolean;
  /** A run that we paused, or are about to, is stopped so much later. */
  readonly deepen?: { readonly run: string; readonly inMs: number };
}

/** How much longer than its own grace a container may take to die before we believe that it lives on. */
const DYING_MARGIN_MS = 5_000;
/** Pauses between the tries of a stop that fails. */
const STOP_RETRY = { firstMs: 2_000, maxMs: 60_000 };

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
      return seen(state, input.sighting, ctx, input.stopIntentUntil);
    case "stop-signal":
      return stopSignal(state, ctx);
    case "engine-away":
      return engineAway(state, input.message, ctx);
    case "dependencies-ready":
      if (state.kind !== "waking" || state.step !== "dependencies") return state;
      return calling(state.wake, ctx);
    case "called":
      if (state.kind !== "waking") return state;
      if (!input.sighting) return gone(ctx);
      return seenWhileStarting(probing(state.wake, input.sighting, ctx), input.sighting, ctx);
    case "wake-failed":
      return failed(state, input.failure, input.coolDownMs, ctx);
    case "proved":
      return state.kind === "starting" ? ready(state, ctx) : state;
    case "sleep":
      if (state.kind === "ready") return ownStop(state.seen, input.method, ctx);
      if (state.kind === "napping" && state.deeper)
        return { ...ownStop(state.deeper.seen, input.method, ctx), deepens: state.since };
      return state.kind === "error" && state.seen ? ownStop(state.seen, input.method, ctx) : state;
    case "clock-set":
      return state.kind === "error" ? { ...state, until: state.until + input.ms } : state;
    case "sleep-failed":
      return sleepFailed(state, ctx);
    case "sleep-dropped":
      return state.kind === "stopping" && state.whose === "ours" ? adopt(state.seen, ctx) : state;
    case "settled":
      return settled(state, input.sighting, ctx);
  }
}

function wake(state: State, cause: WakeCause, ctx: Context, explicit: boolean): State {
  switch (state.kind) {
    case "napping":
      if (state.held && !explicit && cause.by !== "operator") return state;
      return beginWake(state.how === "completed" ? "stopped" : state.how, cause, ctx);
    case "error":
      if (!explicit && cause.by !== "dependant" && ctx.now < state.until) return state;
      return beginWake(state.wake.from, cause, ctx);
    case "stopping":
      // A stop that failed leaves the app running: asking for it now means using what is there, until the next
      // try is on its way.
      if (state.whose === "ours" && state.retryAt !== undefined && ctx.mono < state.retryAt)
        return state.deepens === undefined ? adopt(state.seen, ctx, cause) : beginWake("paused", cause, ctx);
      return state.wanted ? state : { ...state, wanted: { cause, since: ctx.mono } };
    case "waking":
    case "starting":
    case "ready":
    case "missing":
      return state;
  }
}

function seen(state: State, sighting: Sighting | undefined, ctx: Context, intentUntil?: number): State {
  switch (state.kind) {
    case "napping":
    case "missing":
      return seenAtRest(state, sighting, ctx, intentUntil);
    case "error":
      return seenAfterFailure(state, sighting, ctx);
    case "waking":
      if (!sighting) return gone(ctx);
      if (sighting.status !== "running") return state;
      return probing(state.wake, sighting, ctx);
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
      if (sighting?.exit && crashed(sighting.exit)) return resting(sighting, ctx);
      // Gone, down or paused without our doing. Updaters stop, remove and create, backups pause for a
      // moment: wait before it counts as a nap.
      return foreignDown(sighting ?? state.seen, ctx);
    case "stopping":
      return seenWhileStopping(state, sighting, ctx);
  }
}

function seenAtRest(state: State, sighting: Sighting | undefined, ctx: Context, intentUntil?: number): State {
  if (!sighting) return state.kind === "missing" && state.why === "gone" ? state : gone(ctx);
  if (sighting.status === "running" && intentUntil !== undefined) {
    const stop = ownStop(sighting, "stop", ctx);
    return { ...stop, resumedUntil: intentUntil };
  }
  if (isUp(sighting)) return adopt(sighting, ctx);
  const rest = resting(sighting, ctx);
  if (state.kind !== "napping") return rest;
  const isKnown = rest.how === state.how && (state.deeper !== undefined || rest.deeper === undefined);
  return isKnown ? state : { ...rest, since: state.since };
}

function seenAfterFailure(state: Failed, sighting: Sighting | undefined, ctx: Context): State {
  if (!sighting) return gone(ctx);
  if (!isUp(sighting)) {
    const { seen: _, ...rest } = state;
    return state.seen ? rest : state;
  }
  // The run that failed is known not to answer, until its own health command says otherwise.
  const recovered = state.seen?.unhealthy === true && !sighting.unhealthy;
  if (state.seen && state.seen.run === sighting.run && !recovered) return { ...state, seen: sighting };
  return adopt(sighting, ctx);
}

function seenWhileStarting(state: Starting, sighting: Sighting | undefined, ctx: Context): State {
  if (!sighting) return gone(ctx);
  switch (sighting.status) {
    case "running":
    case "restarting":
      if (sighting.run === state.seen.run) return { ...state, ...diedAs(sighting), seen: sighting };
      return { ...state, ...diedAs(sighting), seen: sighting, task: Symbol() };
    case "paused":
    case "created":
      return resting(sighting, ctx);
    case "removing":
      return foreignDown(sighting, ctx);
    case "exited":
    case "dead":
      if (ctx.oneShot && sighting.exit?.code === 0) return resting(sighting, ctx);
      // Its restart policy brings it back, or the deadline ends the wake with this exit as evidence.
      if (sighting.restarts) return { ...state, ...diedAs(sighting), seen: sighting };
      return state.seen.status === sighting.status ? state : { ...state, seen: sighting, task: Symbol() };
  }
}

function diedAs({ exit }: Sighting): { readonly died?: Exit } {
  return exit ? { died: exit } : {};
}

function seenWhileStopping(state: Stopping, sighting: Sighting | undefined, ctx: Context): State {
  if (state.whose === "ours") {
    // Our own call is the judge; it looks when it is over. Only a stop that we merely wait for ends here.
    return state.resumedUntil !== undefined && sighting?.status !== "running"
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

function stopSignal(state: State, ctx: Context): State {
  if (state.kind !== "ready" && state.kind !== "starting") return state;
  return {
    kind: "stopping",
    whose: "foreign",
    task: Symbol(),
    phase: "dying",
    seen: state.seen,
    began: ctx.mono,
    waitMs: state.seen.stopTimeoutMs + DYING_MARGIN_MS,
    ...(state.kind === "starting" && isRequest(state.wake) && { wanted: wantedBy(state.wake) }),
  };
}

function foreignDown(sighting: Sighting, ctx: Context, before?: Stopping): State {
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

/** A wait or a stop call is over: whatever the engine says now is taken as it is. */
function settled(state: State, sighting: Sighting | undefined, ctx: Context): State {
  if (state.kind !== "stopping") return seen(state, sighting, ctx);
  if (!sighting) return gone(ctx);
  const stillUp = isUp(sighting);
  if (state.whose === "ours") {
    if (sighting.status === "paused" && state.method !== "pause" && !state.wanted)
      return sleepFailed(state, ctx);
    if (!stillUp) return after(state, asleepSince(resting(sighting, ctx), state), ctx);
    if (state.resumedUntil !== undefined || state.wanted || sighting.run !== state.seen.run) {
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

function sleepFailed(state: State, ctx: Context): State {
  if (state.kind !== "stopping" || state.whose !== "ours") return state;
  if (state.wanted) return adopt(state.seen, ctx, state.wanted.cause, state.wanted.since);
  const retryAt = ctx.mono + backoffMs(state.tries, STOP_RETRY);
  return { ...state, task: Symbol(), tries: state.tries + 1, retryAt };
}

function failed(state: State, failure: Failure, coolDownMs: number, ctx: Context): State {
  if (state.kind !== "waking" && state.kind !== "starting") return state;
  return {
    kind: "error",
    task: Symbol(),
    failure,
    until: ctx.now + coolDownMs,
    wake: state.wake,
    ended: ctx.mono,
    ...(state.kind === "starting" && isUp(state.seen) && { seen: state.seen }),
  };
}

/**
 * What is ready goes on: its bytes do not pass through the engine, and an engine that restarts often leaves
 * its containers alone. Calls under way fail by themselves.
 */
function engineAway(state: State, message: string, ctx: Context): State {
  if (state.kind === "ready" || state.kind === "waking" || state.kind === "stopping") return state;
  if (state.kind === "missing" && state.why === "away" && state.message === message) return state;
  return { kind: "missing", why: "away", message, since: ctx.now };
}

function isRequest(wake: Wake): wake is Wake & { cause: WakeCause } {
  return wake.cause.by !== "outside";
}

function wantedBy(wake: Wake & { cause: WakeCause }): { cause: WakeCause; since: number } {
  return {
    cause: wake.cause,
    since: wake.began.dependencies ?? wake.began.starting ?? wake.began.probing ?? 0,
  };
}
