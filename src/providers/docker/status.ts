import type { InstanceStatus } from "../provider.ts";

/** The engine's word for a state, Podman's included. */
export function toStatus(word: string): InstanceStatus {
  switch (word) {
    case "created":
    case "running":
    case "paused":
    case "restarting":
    case "removing":
    case "exited":
    case "dead":
      return word;
    case "configured":
    case "initialized":
      return "created";
    case "stopping":
      return "running";
    default:
      return "exited";
  }
}
