import { signalName } from "../signal-names.ts";
import type { EngineChange } from "../provider.ts";

/** The engine's words for what happens to a container, and ours. */
const CAUSES: Readonly<Record<string, EngineChange["cause"]>> = {
  create: "created",
  start: "started",
  restart: "started",
  kill: "signalled",
  die: "died",
  oom: "oom",
  stop: "stopped",
  pause: "paused",
  unpause: "unpaused",
  health_status: "health",
  destroy: "destroyed",
  // Podman is asked for events by its own names, which are these.
  died: "died",
  remove: "destroyed",
  rename: "renamed",
};

/** What the engine is asked to send: nothing of images, volumes or the health commands' own runs. */
export const EVENT_FILTERS = {
  type: ["container", "network"],
  event: [...Object.keys(CAUSES), "connect", "disconnect"],
};

interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * The change that one line of the event stream tells, undefined for what concerns no container.
 *
 * @throws SyntaxError when it is no JSON.
 */
export function toChange(line: string): EngineChange | undefined {
  const { Type, Action = "", Actor } = JSON.parse(line) as EngineEvent;
  if (Type === "network") {
    const id = Actor?.Attributes?.["container"];
    const moves = Action === "connect" || Action === "disconnect";
    return moves && id ? { id, cause: "network" } : undefined;
  }
  // `health_status: healthy` carries its value behind a colon.
  const cause = CAUSES[Action.split(":", 1)[0] ?? ""];
  if (Type !== "container" || !cause || !Actor?.ID) return undefined;
  const sent = cause === "signalled" ? Actor.Attributes?.["signal"] : undefined;
  const signal = sent && signalName(sent);
  return { id: Actor.ID, cause, ...(signal && { signal }) };
}
