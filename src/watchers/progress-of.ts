import type { TargetSpec } from "../config/model.ts";
import type { SilentPort } from "./readiness/silent-port.ts";
import type { RoomNews } from "./pools/room.ts";
import type { Learned } from "./history.ts";
import type { DependencyProgress, MayNotWake, Phase, Progress, Step } from "./progress.ts";
import { wakeBegan, type State, type Wake } from "./state.ts";

/** Everything the picture is drawn from. */
export interface ProgressInput {
  readonly spec: TargetSpec;
  readonly state: State;
  readonly learned: Learned;
  readonly dependencies: readonly DependencyProgress[];
  /** The last finished wake, for the steps of "ready". */
  readonly lastWake?: { readonly wake: Wake; readonly ended: number };
  /** How it stands in the queue, with step "room". */
  readonly room?: RoomNews;
  /** What keeps the engine from starting it now. */
  readonly waitsFor?: string;
  /** That nothing listens where it is asked. */
  readonly silentPort?: SilentPort;
  /** Learned length of a shutdown, ms. */
  readonly stopMs?: number;
  /** What people or the schedule ordered. */
  readonly mayNotWake?: MayNotWake;
  readonly now: number;
  readonly mono: number;
}

type Began = Wake["began"];
const ORDER = ["stopping", "room", "dependencies", "starting", "probing"] as const;

/** Where a target stands, for people. Pure. */
export function progressOf(input: ProgressInput): Progress {
  const { spec, state, learned, dependencies, now, mono } = input;
  const base = {
    target: spec.name,
    displayName: spec.displayName,
    asOf: now,
    dependencies,
    ...(learned.usuallyMs !== undefined && { usuallyMs: learned.usuallyMs, etaMs: learned.usuallyMs }),
    ...(learned.slowestMs !== undefined && { slowestMs: learned.slowestMs }),
  };
  switch (state.kind) {
    case "waking":
      if (state.step === "room") return waitingForRoom(input, state.wake, base);
      return wakingOf(input, state, base);
    case "starting":
      return wakingOf(input, state, base);
    case "stopping": {
      const began = state.wanted?.since ?? state.began;
      const graceMs =
        state.whose === "foreign" ? state.waitMs : (spec.stopTimeoutMs ?? state.seen.stopTimeoutMs);
      const downMs = Math.max(0, state.began + (input.stopMs ?? graceMs) - began);
      const { etaMs, ...rest } = base;
      return {
        ...rest,
        phase: "stopping",
        elapsedMs: mono - began,
        ...(etaMs !== undefined && { etaMs: etaMs + downMs }),
        stopGraceMs: graceMs,
        ...(state.whose === "foreign" && {
          stoppedOutside:
            state.phase === "down" && state.wanted && spec.onManualStop !== "hold"
              ? { wakesInMs: Math.max(0, state.began + state.waitMs - mono) }
              : {},
        }),
        steps: todo({ id: "stopping", status: "active", ms: mono - began }, dependencies),
      };
    }
    case "ready": {
      const last = input.lastWake;
      return {
        ...base,
        phase: "ready",
        tookMs: state.tookMs,
        steps: last ? stepsOf(last.wake, dependencies, last.ended, "done") : [],
      };
    }
    case "error":
      return {
        ...base,
        phase: "error",
        steps: stepsOf(state.wake, dependencies, state.ended, "failed"),
        failure: state.failure,
      };
    case "napping": {
      const byHand = state.held ? ({ kind: "hold", reason: "stopped by hand" } as const) : undefined;
      const held = input.mayNotWake ?? byHand;
      return {
        ...base,
        phase: "napping",
        steps: [],
        asleepSince: state.since,
        ...(held && { mayNotWake: held }),
      };
    }
    case "missing": {
      if (state.why === "unlisted") return { ...base, phase: "starting", steps: [] };
      const failure = {
        reason: state.why === "away" ? "engine_away" : "unknown",
        message: state.message,
        at: state.since,
        tries: 0,
      } as const;
      return { ...base, phase: "missing", steps: [], ...(state.why === "away" && { failure }) };
    }
  }
}

type Base = Pick<Progress, "target" | "displayName" | "asOf" | "dependencies" | "etaMs">;

function wakingOf(
  { spec, dependencies, mono, silentPort, waitsFor }: ProgressInput,
  state: State & { kind: "waking" | "starting" },
  { etaMs, ...base }: Base,
): Progress {
  const { wake } = state;
  const { room, dependencies: needs, starting } = wake.began;
  const waitedMs = room === undefined ? 0 : (needs ?? starting ?? room) - room;
  return {
    ...base,
    // How long it waits for the engine is not known.
    ...(etaMs !== undefined && waitsFor === undefined && { etaMs: etaMs + waitedMs }),
    ...(silentPort && { silentPorts: silentPort.ports }),
    phase: phaseOf(state),
    elapsedMs: mono - wakeBegan(wake),
    deadlineMs: spec.wakeTimeoutMs + ((starting ?? mono) - wakeBegan(wake)),
    ...(waitsFor !== undefined && { waitsFor }),
    steps: stepsOf(wake, dependencies, mono, "active"),
  };
}

/** How long others keep their room is not known, unless they are on their way already. */
function waitingForRoom(
  { spec, dependencies, mono, room }: ProgressInput,
  wake: Wake,
  { etaMs, ...base }: Base,
): Progress {
  const elapsedMs = mono - wakeBegan(wake);
  const known = etaMs !== undefined && room?.etaMs !== undefined;
  return {
    ...base,
    ...(known && { etaMs: elapsedMs + (room.etaMs ?? 0) + etaMs }),
    ...(room && { room: { before: room.before, pools: room.pools, yields: room.yields } }),
    phase: "room",
    elapsedMs,
    deadlineMs: spec.roomTimeoutMs + ((wake.began.room ?? mono) - wakeBegan(wake)),
    steps: stepsOf(wake, dependencies, mono, "active"),
  };
}

function phaseOf(state: State & { kind: "waking" | "starting" }): Phase {
  if (state.kind === "starting") return "probing";
  return state.step === "dependencies" ? "dependencies" : "starting";
}

/** The steps of a wake: those that are over with their length, the last begun one as `last`, then those to come. */
function stepsOf(
  wake: Wake,
  dependencies: readonly DependencyProgress[],
  end: number,
  last: "active" | "done" | "failed",
): readonly Step[] {
  const begun = ORDER.filter((id) => wake.began[id] !== undefined);
  const steps = begun.map((id, index): Step => {
    const next = begun[index + 1];
    const until = next === undefined ? end : (wake.began[next] ?? end);
    const status = next === undefined ? last : "done";
    return step(id, status, until - (wake.began[id] ?? until), dependencies);
  });
  const at = ORDER.indexOf(begun.at(-1) ?? "stopping");
  return [...steps, ...coming(at, wake.began, dependencies)];
}

function coming(after: number, began: Began, dependencies: readonly DependencyProgress[]): readonly Step[] {
  return ORDER.slice(after + 1)
    .filter(
      (id) => began[id] === undefined && id !== "room" && (id !== "dependencies" || dependencies.length > 0),
    )
    .map((id) => step(id, "todo", undefined, dependencies));
}

function todo(first: Step, dependencies: readonly DependencyProgress[]): readonly Step[] {
  return [first, ...coming(0, {}, dependencies)];
}

function step(
  id: Step["id"],
  status: Step["status"],
  ms: number | undefined,
  dependencies: readonly DependencyProgress[],
): Step {
  const counts = id === "dependencies" && {
    done: dependencies.filter((dependency) => dependency.status === "ready").length,
    of: dependencies.length,
  };
  return { id, status, ...(ms !== undefined && { ms }), ...counts };
}
