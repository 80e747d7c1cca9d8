import type { EngineChange } from "../provider.ts";

/** Services are the swarm's own; containers are those of this node, and tell of their tasks at once. */
export const EVENT_FILTERS = {
  type: ["service", "container"],
  event: ["create", "update", "remove", "start", "die"],
};

/** What one line of a manager's event stream means. */
export type SwarmEvent =
  | { readonly kind: "change"; readonly change: EngineChange }
  /** Something happened to a task of this service. */
  | { readonly kind: "task"; readonly service: string }
  | undefined;

interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * Reads one line of the event stream.
 *
 * @throws SyntaxError when it is no JSON.
 */
export function readEvent(line: string): SwarmEvent {
  const { Type, Action = "", Actor } = JSON.parse(line) as EngineEvent;
  if (Type === "container") {
    const service = Actor?.Attributes?.["com.docker.swarm.service.id"];
    return service !== undefined && (Action === "start" || Action === "die")
      ? { kind: "task", service }
      : undefined;
  }
  const cause = CAUSES[Action];
  if (Type !== "service" || !cause || !Actor?.ID) return undefined;
  return { kind: "change", change: { id: Actor.ID, cause } };
}

/** An update may have changed labels, name or replicas: all of them mean "look again". */
const CAUSES: Readonly<Record<string, EngineChange["cause"]>> = {
  create: "created",
  update: "renamed",
  remove: "destroyed",
};
