import type { Exit, StopMethod } from "../providers/provider.ts";
import type { WakeCause } from "./handle.ts";
import {
  wakeBegan,
  type Kept,
  type Missing,
  type Napping,
  type OwnStop,
  type Ready,
  type Sighting,
  type Starting,
  type Wake,
  type Waking,
} from "./state.ts";
import type { Context } from "./input.ts";

/** A wake from rest, or of what runs without answering: room first, then dependencies, where they are needed. */
export function beginWake(
  from: Wake["from"],
  cause: WakeCause,
  ctx: Context,
  before: Wake["began"] = {},
  kept: Kept = {},
): Waking {
  const wake: Wake = { from, cause, at: ctx.now, began: before };
  if (!ctx.needsRoom) return withRoom({ wake, ...kept }, ctx);
  const began = { ...before, room: ctx.mono };
  return { kind: "waking", step: "room", task: Symbol(), wake: { ...wake, began }, ...keptBy(kept) };
}

/** There is room for it. */
export function withRoom(waking: Kept & Pick<Waking, "wake">, ctx: Context, waited = true): Waking {
  const { wake } = waking;
  const { room, ...began } = wake.began;
  const shown = waited && room !== undefined ? { ...wake.began } : began;
  if (!ctx.hasDependencies) return calling({ ...waking, wake: { ...wake, began: shown } }, ctx);
  return {
    kind: "waking",
    step: "dependencies",
    task: Symbol(),
    wake: { ...wake, began: { ...shown, dependencies: ctx.mono } },
    ...keptBy(waking),
  };
}

/** The engine is about to be called. */
export function calling(waking: Kept & Pick<Waking, "wake">, ctx: Context): Waking {
  const { wake } = waking;
  return {
    kind: "waking",
    step: "calling",
    task: Symbol(),
    wake: { ...wake, began: { ...wake.began, starting: ctx.mono } },
    ...keptBy(waking),
  };
}

function keptBy({ runs, paused }: Kept): Kept {
  return { ...(runs && { runs }), ...(paused && { paused }) };
}

/** The engine says running: prove that it answers. */
export function probing(wake: Wake, sighting: Sighting, ctx: Context): Starting {
  const began = { ...wake.began, starting: wake.began.starting ?? ctx.mono, probing: ctx.mono };
  const { restartCount: restartsBefore, exit: died } = sighting;
  return {
    kind: "starting",
    task: Symbol(),
    wake: { ...wake, began },
    seen: sighting,
    exits: 0,
    ...(died && { died }),
    ...(restartsBefore !== undefined && { restartsBefore }),
  };
}

/** Somebody else started it, or it runs although we tried to stop it: prove that it answers. */
export function adopt(sighting: Sighting, ctx: Context, cause?: WakeCause, since?: number): Starting {
  const wake: Wake = {
    from: "stopped",
    cause: cause ?? { by: "outside" },
    at: ctx.now,
    began: { ...(since !== undefined && { stopping: since }) },
  };
  return probing(wake, sighting, ctx);
}

/** Readiness is proved. */
export function ready(state: Starting, ctx: Context): Ready {
  return {
    kind: "ready",
    task: Symbol(),
    seen: state.seen,
    since: ctx.now,
    tookMs: ctx.mono - wakeBegan(state.wake),
    began: ctx.mono,
  };
}

/** We put it to sleep. */
export function ownStop(sighting: Sighting, method: StopMethod, ctx: Context): OwnStop {
  return {
    kind: "stopping",
    whose: "ours",
    task: Symbol(),
    method,
    seen: sighting,
    began: ctx.mono,
    tries: 0,
  };
}

/** At rest, as the engine shows it. */
export function resting(sighting: Sighting, ctx: Context): Napping {
  const how = howOf(sighting, ctx);
  const { deepen } = ctx;
  const deeper = how === "paused" && deepen?.run === sighting.run && { task: Symbol(), seen: sighting };
  return {
    kind: "napping",
    how,
    since: sighting.exit?.at ?? sinceWhen(sighting, ctx),
    held: false,
    ...(deeper && deepen && { deeper: { ...deeper, due: ctx.mono + deepen.inMs } }),
  };
}

/** Without the exact end: the known sleep, unless it ran since; else about when the engine says, else now. */
function sinceWhen({ endedAboutAt }: Sighting, { asleepSince, now }: Context): number {
  if (asleepSince === undefined) return endedAboutAt ?? now;
  if (endedAboutAt === undefined) return asleepSince;
  // "2 days ago" may be nearly three: a span in words is off by half of itself at most.
  const slackMs = 60_000 + (now - endedAboutAt) / 2;
  return endedAboutAt - asleepSince > slackMs ? endedAboutAt : asleepSince;
}

function howOf(sighting: Sighting, ctx: Context): Napping["how"] {
  if (sighting.status === "paused") return "paused";
  if (sighting.status === "created") return "created";
  return ctx.oneShot && sighting.exit?.code === 0 ? "completed" : "stopped";
}

/** The engine does not know it: it was removed, or never existed. */
export function gone(ctx: Context): Missing {
  return { kind: "missing", why: "gone", message: "it does not exist on its engine", since: ctx.now };
}

/** An end that no stop signal explains: out of memory, or a status other than 0 and those of HUP, INT, KILL, TERM. */
export function crashed(exit: Exit): boolean {
  return exit.oomKilled || ![0, 129, 130, 137, 143].includes(exit.code);
}

/** It runs, or its restart policy is about to run it. */
export function isUp(sighting: Sighting): boolean {
  return sighting.status === "running" || sighting.status === "restarting";
}
