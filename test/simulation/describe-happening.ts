import type { State } from "../../src/watchers/state.ts";
import type { Happening } from "./happening.ts";

/** One line of the trace; undefined for what is not worth one. */
export function describeHappening(happening: Happening): string | undefined {
  switch (happening.kind) {
    case "calls":
      return `engine ← ${callText(happening)}`;
    case "called":
      return `engine → ${callText(happening)}: ${happening.how}`;
    case "told": {
      const { id, instance } = happening;
      if (!instance) return `told  ${id}: does not exist`;
      const health = instance.health === "none" ? "" : ` ${instance.health}`;
      return `told  ${id}: ${instance.status}${health} ${instance.runId}`;
    }
    case "listed":
      return `told  list: ${happening.instances.map(({ id, status }) => `${id} ${status}`).join(", ")}`;
    case "event":
      return `event ${happening.id}: ${happening.cause}${happening.signal === undefined ? "" : ` ${happening.signal}`}`;
    case "away":
      return "told  the engine does not answer";
    case "proved":
      return `probe ${happening.ids.join(", ") || "nobody known"} answers`;
    case "usage":
      return `told  ${happening.name}: ${String(Math.round(happening.bytes))} bytes so far`;
    case "input":
      return undefined;
    case "moved": {
      const { watcher, before, after } = happening.moved;
      return `state ${watcher.name}: ${stateText(before)} → ${stateText(after)}`;
    }
    case "arrived":
      return `visit ${visitText(happening)} arrives`;
    case "answered":
      return `visit ${visitText(happening)}: ${String(happening.visit.status)} ${String(happening.visit.headers["X-Wakegate"] ?? "")}`;
    case "left":
      return `visit ${visitText(happening)} leaves`;
    case "logged":
      return `log   ${happening.level} ${happening.event}: ${happening.message}`;
    case "ordered":
      return `order ${happening.target}: ${happening.order}`;
    case "reloaded":
      return "Wakegate takes another configuration";
    case "began":
    case "killed":
    case "closed":
      return `Wakegate ${happening.kind}`;
  }
}

/** A state in a few words. */
export function stateText(state: State): string {
  switch (state.kind) {
    case "napping":
      return `napping (${state.how}${state.held ? ", held" : ""})`;
    case "waking":
      return `waking (${state.step})`;
    case "stopping":
      return state.whose === "ours"
        ? `stopping (ours, ${state.method}, try ${String(state.tries + 1)})`
        : `stopping (foreign, ${state.phase})`;
    case "error":
      return `error (${state.failure.reason})`;
    case "missing":
      return `missing (${state.why})`;
    case "starting":
    case "ready":
      return state.kind;
  }
}

function callText({
  call,
}: {
  readonly call: { readonly method: string; readonly how?: string; readonly id: string };
}): string {
  return `${call.how ?? call.method} ${call.id}`;
}

function visitText({
  visit,
}: {
  readonly visit: {
    readonly number: number;
    readonly kind: string;
    readonly target: string;
    readonly client: string;
  };
}): string {
  return `${String(visit.number)} (${visit.kind} of ${visit.client} to ${visit.target})`;
}
