import type { ReplicasStatus } from "../../store/redis/replicas-status.ts";

/** How this Wakegate stands with the others, in one sentence. Pure. */
export function replicasLine(status: ReplicasStatus): string {
  switch (status.kind) {
    case "away":
      return `The shared store is away (${status.why}). This Wakegate goes on alone, and nothing is put to sleep.`;
    case "skewed":
      return `${status.why}. Nothing is put to sleep.`;
    case "synced": {
      const names = status.members.map(({ name }) => name).sort();
      const lost = status.lost.length === 0 ? "" : ` Lost: ${status.lost.join(", ")}.`;
      const leader =
        status.why === undefined
          ? `${status.leader ?? "Nobody"} puts to sleep.`
          : `Nothing is put to sleep: ${status.why}.`;
      return `Shared by ${names.join(", ")}. This is ${status.self.name}. ${leader}${lost}`;
    }
  }
}
