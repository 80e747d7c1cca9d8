import type { Exit, Instance, InstanceStatus, InstanceSummary } from "../providers/provider.ts";
import type { WakeCause } from "./handle.ts";
import type { Failure } from "./progress.ts";

/**
 * The state of one target. Each variant carries only what is true in it. A state is never mutated: its
 * identity tells a late answer from a timely one.
 */
export type State = Napping | Waking | Starting | Ready | Stopping | Failed | Missing;

/** Asleep. Nothing runs, no timer is armed. */
export interface Napping {
  readonly kind: "napping";
  readonly how: "stopped" | "paused" | "created" | "completed";
  /** Wall ms. */
  readonly since: number;
  /** It ended by itself while it was ready: how. */
  readonly crashed?: Exit;
  /** A person stopped it and `on_manual_stop: hold` says that only a person or the engine starts it again. */
  readonly held: boolean;
  /** Paused by us and to be stopped later: the second tier, or because others need its memory. */
  readonly deeper?: {
    readonly task: Task;
    readonly seen: Sighting;
    /** Monotonic ms. Infinity: only when others need its memory. */
    readonly due: number;
  };
}

/** What a target has of the engine before its start is called; a wake that fails before leaves it as it was. */
export interface Kept {
  /** Its last run goes on although it does not answer: it takes its room already. */
  readonly runs?: Sighting;
  /** It is paused by us, since this wall ms: it may be stopped when others need its memory. */
  readonly paused?: { readonly seen: Sighting; readonly since: number };
}

/** Room in its pools, then dependencies, then the engine's start or unpause. */
export interface Waking extends Kept {
  readonly kind: "waking";
  readonly step: "room" | "dependencies" | "calling";
  readonly task: Task;
  readonly wake: Wake;
}

/** The engine says running; the target has not proved yet that it answers. */
export interface Starting {
  readonly kind: "starting";
  readonly task: Task;
  readonly wake: Wake;
  readonly seen: Sighting;
  /** How its last run of this wake ended, where the engine's restart policy has begun another. */
  readonly died?: Exit;
  /** How many runs of this wake have ended so far. */
  readonly exits: number;
  /** Runs that its restart policy had begun before this wake, where the engine counts them. */
  readonly restartsBefore?: number;
  /** Monotonic ms at which a wake failed, where only the engine's restart policy has brought it back since. */
  readonly failingSince?: number;
}

/** Readiness is proved: requests pass. */
export interface Ready {
  readonly kind: "ready";
  readonly task: Task;
  readonly seen: Sighting;
  /** Wall ms. */
  readonly since: number;
  /** How long the wake took that led here. */
  readonly tookMs: number;
  /** Monotonic ms of `since`. */
  readonly began: number;
}

/** Going down: by our own decision, or by somebody else's. */
export type Stopping = OwnStop | ForeignStop;

/**
 * What may ask for a sleep before the idle time is over. `quiet`: an operator, as soon as nothing uses the target;
 * `force`: an operator, whatever uses it; `room`: a pool, for others that need what it takes.
 */
export type AskedHow = "quiet" | "force" | "room";

export interface OwnStop {
  readonly kind: "stopping";
  readonly whose: "ours";
  readonly task: Task;
  readonly method: "stop" | "pause" | "hibernate" | "kill";
  readonly seen: Sighting;
  /** Monotonic ms. */
  readonly began: number;
  /** Failed tries so far; 0 while the first is under way. */
  readonly tries: number;
  /** Monotonic ms of the next try. Until then no call is under way; absent before the first failure. */
  readonly retryAt?: number;
  /** Decided by a Wakegate that was killed since: wait for its end until this wall ms, ask no more. */
  readonly resumedUntil?: number;
  /** Another Wakegate does it: we wait for its end. */
  readonly elsewhere?: true;
  /** The engine's stop call was sent in this try. Until then a request cancels the stop. */
  readonly called?: true;
  /** What asked for it before the idle time was over; absent: nothing did. */
  readonly asked?: AskedHow;
  /** It was paused before, asleep since this wall ms. */
  readonly deepens?: number;
  /** Somebody asked meanwhile: wake it as soon as it is down. */
  readonly wanted?: Wanted;
}

export interface ForeignStop {
  readonly kind: "stopping";
  readonly whose: "foreign";
  readonly task: Task;
  /** `dying`: a stop signal is on its way. `down`: it stopped or went; perhaps it comes back at once. */
  readonly phase: "dying" | "down";
  readonly seen: Sighting;
  /** Monotonic ms. */
  readonly began: number;
  /** Length of this phase, after which an inspection decides. */
  readonly waitMs: number;
  readonly wanted?: Wanted;
}

/** The last wake failed. */
export interface Failed {
  readonly kind: "error";
  readonly task: Task;
  readonly failure: Failure;
  /** Wall ms: no request is worth a try before. */
  readonly until: number;
  /** Steps of the wake that failed, for the page. */
  readonly wake: Wake;
  /** The run that failed, while it still runs. */
  readonly seen?: Sighting;
  /** It is paused still. */
  readonly paused?: NonNullable<Kept["paused"]>;
  /** Monotonic ms. */
  readonly ended: number;
  /** Monotonic ms of the first such failure, where only the engine's restart policy has brought it back since. */
  readonly failingSince?: number;
}

/** Known, but the engine does not list it, or does not answer. */
export interface Missing {
  readonly kind: "missing";
  readonly why: "unlisted" | "gone" | "away";
  readonly message: string;
  /** When its engine fell silent it ran, or was paused: it takes its room until the engine says otherwise. */
  readonly held?: "awake" | "memory";
  /** Wall ms. */
  readonly since: number;
}

/** Work that belongs to a state. A new symbol means new work; the old work is aborted. */
export type Task = symbol;

export interface Wanted {
  readonly cause: WakeCause;
  /** Monotonic ms. */
  readonly since: number;
}

/** One way up, from the first request to the answer. */
export interface Wake {
  readonly from: "stopped" | "paused" | "created";
  readonly cause: WakeCause | { readonly by: "outside" };
  /** Wall ms of the beginning. */
  readonly at: number;
  /** Monotonic ms of each phase's beginning, in the order of the keys; absent when it did not happen. */
  readonly began: {
    readonly stopping?: number;
    readonly room?: number;
    readonly dependencies?: number;
    readonly starting?: number;
    readonly probing?: number;
  };
}

/** What the engine said when we last looked. */
export interface Sighting {
  readonly id: string;
  readonly status: InstanceStatus;
  /** Empty when only a listing was seen. */
  readonly run: string;
  readonly exit?: Exit;
  /** How the run before ended, while one of its restart policy goes on. */
  readonly previousExit?: Exit;
  /** Wall ms of its last end, about, where only a listing was seen. */
  readonly endedAboutAt?: number;
  readonly unhealthy: boolean;
  /** The engine starts it again by itself when it dies. */
  readonly restarts: boolean;
  /** Runs that its restart policy has begun since its last start by a call, where the engine counts them. */
  readonly restartCount?: number;
  /** Between stop signal and kill, when somebody else stops it. */
  readonly stopTimeoutMs: number;
}

/** The part of an inspection, or of a listing, that states depend on. */
export function sightingOf(seen: Instance | InstanceSummary): Sighting {
  const full = "runId" in seen ? seen : undefined;
  return {
    id: seen.id,
    status: seen.status,
    run: full?.runId ?? "",
    unhealthy: full?.health === "unhealthy",
    restarts: full !== undefined && full.restartPolicy !== "no",
    stopTimeoutMs: full?.stopTimeoutMs ?? 10_000,
    ...(full?.restartCount !== undefined && { restartCount: full.restartCount }),
    ...(!full && seen.endedAboutAt !== undefined && { endedAboutAt: seen.endedAboutAt }),
    ...(full?.exit && { exit: full.exit }),
    ...(full?.previousExit && { previousExit: full.previousExit }),
  };
}

/** Monotonic ms of a wake's beginning. */
export function wakeBegan(wake: Wake): number {
  const { stopping, room, dependencies, starting, probing } = wake.began;
  return stopping ?? room ?? dependencies ?? starting ?? probing ?? 0;
}

/** Awake or on the way up. */
export function isUp({ kind }: State): boolean {
  return kind === "waking" || kind === "starting" || kind === "ready";
}

/** Awake or on the way up or down: what it depends on is needed. */
export function needsDependencies(state: State): boolean {
  switch (state.kind) {
    case "waking":
      // Who waits for room holds nothing, or two could wait for each other.
      return state.step !== "room";
    case "starting":
    case "ready":
      return true;
    case "stopping":
      return state.whose === "ours" || state.phase === "dying" || state.wanted !== undefined;
    case "napping":
    case "error":
    case "missing":
      return false;
  }
}
