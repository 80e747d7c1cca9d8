import type { Failure, Progress } from "../watchers/progress.ts";
import type { WakeEvent } from "../watchers/wake-events.ts";

/** An event as it leaves Wakegate; see the reference of events. */
export type PublicEvent = Omit<WakeEvent, "id" | "timestamp"> & { readonly timestamp: string };

/**
 * Progress as a stranger may see it. Without `details`: no names of other targets, no exit code, no text
 * of the operator's, no log; counts, times and the reason's code stay.
 */
export function redactProgress(progress: Progress, allow: { details: boolean; logs: boolean }): Progress {
  const { failure } = progress;
  if (allow.details) {
    if (failure?.log === undefined || allow.logs) return progress;
    const { log: _log, ...rest } = failure;
    return { ...progress, failure: rest };
  }
  const { failure: _failure, mayNotWake, room, silentPorts, waitsFor, ...rest } = progress;
  return {
    ...rest,
    ...(waitsFor !== undefined && { waitsFor: "" }),
    dependencies: [],
    ...(silentPorts && { silentPorts: [] }),
    ...(room && { room: { before: room.before, pools: [], yields: [] } }),
    ...(failure && { failure: redactFailure(failure) }),
    ...(mayNotWake && { mayNotWake: redactMayNotWake(mayNotWake) }),
  };
}

function redactFailure(failure: Failure): Failure {
  const {
    message: _message,
    exitCode: _code,
    status: _status,
    dependency: _dependency,
    ports: _ports,
    log: _log,
    ...rest
  } = failure;
  return { ...rest, message: "" };
}

function redactMayNotWake(why: NonNullable<Progress["mayNotWake"]>): NonNullable<Progress["mayNotWake"]> {
  switch (why.kind) {
    case "schedule":
    case "rule":
      return { ...why, rule: "" };
    case "hold":
      return { ...why, reason: "" };
    case "start_endpoint":
      return why;
  }
}

/** What happened, in words that name nobody. */
const SENTENCES: Record<WakeEvent["type"], string> = {
  waiting_room: "Waiting for room",
  starting: "Starting the app",
  waking_dep: "Waking a service it needs",
  dep_started: "A service it needs has started",
  dep_ready: "A service it needs is ready",
  container_woke: "The app has started",
  waiting_ready: "Waiting for its first answer",
  ready: "The app is awake",
  error: "The app failed to wake",
  stopping: "Finishing its shutdown",
  napping: "The app is asleep",
};

/** An event as a stranger may see it; `failure` gives the reason's code in place of the error's text. */
export function publicEvent(event: WakeEvent, details: boolean, failure: Failure | undefined): PublicEvent {
  const { id: _id, type, message, timestamp, error, dependency, ...rest } = event;
  const reason = details ? error : (failure?.reason ?? "unknown");
  return {
    type,
    message: details ? message : SENTENCES[type],
    timestamp: new Date(timestamp).toISOString(),
    ...(error !== undefined && reason !== undefined && { error: reason }),
    ...(details && dependency !== undefined && { dependency }),
    ...rest,
  };
}
