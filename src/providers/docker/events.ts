import { signalName } from "../signal-names.ts";
import type { EngineChange } from "../provider.ts";

/** The engine's words for what happens to a container, and ours. */
const CAUSES: ReadonlyMap<string, EngineChange["cause"]> = new Map(
  Object.entries({
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
  } as const),
);

/** What the engine is asked to send: nothing of images, volumes or the health commands' own runs. */
export const EVENT_FILTERS = {
  type: ["container", "network"],
  event: [...CAUSES.keys(), "connect", "disconnect"],
};

/** What is read of an event. Strangers may stand in for an engine, so nothing is taken for granted. */
interface EngineEvent {
  readonly Type?: unknown;
  readonly Action?: unknown;
  readonly Actor?: {
    readonly ID?: unknown;
    readonly Attributes?: Readonly<Record<string, unknown>> | null;
  } | null;
}

/**
 * The change that one line of the event stream tells, undefined for what concerns no container.
 *
 * @throws SyntaxError when it is no JSON.
 */
export function toChange(line: string): EngineChange | undefined {
  const { Type, Action, Actor } = (JSON.parse(line) ?? {}) as EngineEvent;
  const attributes = Actor?.Attributes;
  const action = textOf(Action) ?? "";
  if (Type === "network") {
    const id = textOf(attributes?.["container"]);
    const moves = action === "connect" || action === "disconnect";
    return moves && id ? { id, cause: "network" } : undefined;
  }
  // `health_status: healthy` carries its value behind a colon.
  const cause = CAUSES.get(action.split(":", 1)[0] ?? "");
  const id = textOf(Actor?.ID);
  if (Type !== "container" || !cause || !id) return undefined;
  const sent = cause === "signalled" ? textOf(attributes?.["signal"]) : undefined;
  const signal = sent && signalName(sent);
  const exitCode = cause === "died" ? exitCodeOf(attributes) : undefined;
  return { id, cause, ...(signal && { signal }), ...(exitCode !== undefined && { exitCode }) };
}

/** Podman has a name of its own for it. */
function exitCodeOf(attributes: Readonly<Record<string, unknown>> | null | undefined): number | undefined {
  const text = textOf(attributes?.["exitCode"]) ?? textOf(attributes?.["containerExitCode"]);
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
