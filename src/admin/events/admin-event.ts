import type { Moved } from "../../watchers/registry/watcher-set.ts";
import { wakeBegan, type State } from "../../watchers/state.ts";
import type { WakeCause } from "../../watchers/handle.ts";
import type { WakeEvent } from "../../watchers/wake-events.ts";
import { failureText } from "../facts/failure-text.ts";
import { finished } from "../text.ts";

/** What operators are told of as it happens. */
export type AdminEventType =
  | "woken"
  | "waiting_room"
  | "waking_dep"
  | "dep_ready"
  | "starting"
  | "probing"
  | "ready"
  | "failed"
  | "stopping"
  | "asleep"
  | "missing"
  | "pinned"
  | "unpinned"
  | "held"
  | "released"
  | "reloaded";

/** One event of one target, or of Wakegate itself where `target` is absent. */
export interface AdminEvent {
  /** Opaque; a later event's differs. Give it back to go on from there. */
  readonly id: string;
  /** Wall ms. */
  readonly at: number;
  readonly type: AdminEventType;
  readonly target?: string;
  readonly displayName?: string;
  /** One sentence without the target's name. */
  readonly message: string;
}

/** An event before it has its place in the stream. */
export type AdminNote = Omit<AdminEvent, "id" | "at"> & { readonly at?: number };

/** Steps of a wake that the watchers tell; turning points come from {@link noteOfMove}. */
export function noteOfStep(event: WakeEvent): Pick<AdminNote, "type" | "message"> | undefined {
  switch (event.type) {
    case "waiting_room":
      return {
        type: "waiting_room",
        message:
          event.before === 0
            ? "Waiting for room, it is next"
            : `Waiting for room, ${String(event.before)} before it`,
      };
    case "waking_dep":
      return { type: "waking_dep", message: event.message };
    case "dep_ready":
      return { type: "dep_ready", message: event.message };
    case "starting":
      return { type: "starting", message: event.message.startsWith("Unpausing") ? "Unpausing" : "Starting" };
    case "container_woke":
      return { type: "probing", message: "Probing" };
    case "dep_started":
    case "waiting_ready":
    case "ready":
    case "error":
    case "stopping":
    case "napping":
      return undefined;
  }
}

/** What a change of state is worth saying to an operator. Pure. */
export function noteOfMove({ before, after }: Pick<Moved, "before" | "after">, mono: number): NoteOfMove {
  if (before.kind === after.kind) return undefined;
  switch (after.kind) {
    case "waking":
      return { type: "woken", message: causeText(after.wake.cause) };
    case "starting":
      return before.kind === "waking" ? undefined : { type: "woken", message: "Started outside Wakegate" };
    case "ready":
      if (before.kind !== "starting") return undefined;
      return before.wake.cause.by === "outside" && mono - wakeBegan(before.wake) < 50
        ? { type: "ready", message: "Is awake already" }
        : { type: "ready", message: `Ready after ${finished(after.tookMs)}` };
    case "stopping":
      return {
        type: "stopping",
        message: after.whose === "ours" ? "Going to sleep" : "Was stopped outside Wakegate",
      };
    case "napping":
      return before.kind === "missing"
        ? undefined
        : { type: "asleep", message: asleepText(before, after.how, mono) };
    case "error":
      return { type: "failed", message: failedText(after.failure) };
    case "missing":
      return after.why === "unlisted" ? undefined : { type: "missing", message: after.message };
  }
}

type NoteOfMove = Pick<AdminNote, "type" | "message"> | undefined;

/** Who woke it: `Woken by GET / from 192.168.1.20`. */
export function causeText(cause: WakeCause | { readonly by: "outside" }): string {
  return `Woken by ${causeShort(cause)}`;
}

/** The same without the verb: `GET / from 192.168.1.20`. */
export function causeShort(cause: WakeCause | { readonly by: "outside" }): string {
  switch (cause.by) {
    case "request": {
      const what = [cause.method, cause.path].filter((part) => part !== undefined).join(" ") || "a request";
      return cause.client === undefined ? what : `${what} from ${cause.client}`;
    }
    case "stream":
      return cause.client === undefined ? "a connection" : `a connection from ${cause.client}`;
    case "dependant":
      return cause.host ?? "what needs it";
    case "operator":
      return cause.client === undefined ? "a button" : `a button, by ${cause.client}`;
    case "retry":
      return "a retry";
    case "schedule":
      return "its schedule";
    case "outside":
      return "something outside Wakegate";
  }
}

function failedText(failure: Parameters<typeof failureText>[0]): string {
  const next =
    failure.nextTryAt === undefined
      ? ""
      : `. Next try in ${finished(Math.max(0, failure.nextTryAt - failure.at))}`;
  return `Could not wake: ${failureText(failure)}${next}`;
}

function asleepText(
  before: State,
  how: "stopped" | "paused" | "created" | "completed",
  mono: number,
): string {
  const verb = { stopped: "stopped", paused: "paused", created: "created anew", completed: "completed" }[how];
  if (before.kind !== "stopping") return `Asleep, ${verb}`;
  return `Asleep, ${verb} in ${finished(mono - before.began)}`;
}
