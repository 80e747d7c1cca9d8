import type { ReplicasStatus } from "../../replicas/status.ts";

/** The state of the replicas in one line, for people. Pure. */
export function replicasLine(status: ReplicasStatus): string {
  switch (status.kind) {
    case "unreachable":
      return `The shared store is unreachable (${status.why}). This replica continues alone; sleeping is suspended.`;
    case "mismatched":
      return `${status.why}. Sleeping is suspended.`;
    case "synced": {
      const names = status.members.map(({ name }) => name).sort();
      const lost = status.lost.length === 0 ? "" : ` Lost: ${status.lost.join(", ")}.`;
      const leader =
        status.why === undefined
          ? `Leader: ${status.leader ?? "none"}.`
          : `Sleeping is suspended: ${status.why}.`;
      return `Replicas: ${names.join(", ")}. This is ${status.self.name}. ${leader}${lost}`;
    }
  }
}
