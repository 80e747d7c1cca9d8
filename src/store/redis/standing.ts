import type { MayNotSleep } from "../../watchers/coordination.ts";
import { plainName } from "./others.ts";
import { surelyHolds, type Moment, type Timing } from "./timing.ts";
import type { Synced } from "./wire.ts";

/** How things stand between us and the shared store. */
export type Standing =
  | { readonly kind: "away"; readonly why: string; readonly since: number }
  | { readonly kind: "skewed"; readonly why: string }
  | { readonly kind: "synced"; readonly sent: Moment; readonly reply: Synced };

/** Why this Wakegate may not put anything to sleep, judged at this moment. Pure. */
export function mayNotSleep(
  standing: Standing,
  id: string,
  now: Moment,
  timing: Timing,
): MayNotSleep | undefined {
  switch (standing.kind) {
    case "away":
      return { kind: "nobody", why: "the shared store is away: nothing is put to sleep" };
    case "skewed":
      return { kind: "nobody", why: "Wakegates of several versions are at work: nothing is put to sleep" };
    case "synced": {
      const { sent, reply } = standing;
      if (!surelyHolds(sent, now, timing))
        return { kind: "nobody", why: "the shared store is slow: nothing is put to sleep" };
      const [lost] = reply.lost;
      if (lost)
        return {
          kind: "nobody",
          why: `${plainName(lost.name)} was lost a moment ago, what it knew is waited for`,
        };
      if (reply.age < timing.leaseMs + timing.lostMs)
        return { kind: "nobody", why: "the shared store is new, others may be about to join" };
      const leader = leaderOf(reply);
      if (leader?.id === id) return undefined;
      return leader
        ? { kind: "other", name: leader.name }
        : { kind: "nobody", why: "it is not settled which Wakegate puts to sleep" };
    }
  }
}

/** Who puts to sleep, and the token of that lease. Pure. */
export function leaderOf({
  leader,
  members,
}: Pick<Synced, "leader" | "members">):
  { readonly id: string; readonly name: string; readonly token: string } | undefined {
  const at = leader.lastIndexOf(":");
  if (at < 0) return undefined;
  const id = leader.slice(0, at);
  const name = members.find((member) => member.id === id)?.name ?? id;
  return { id, name: plainName(name), token: leader.slice(at + 1) };
}
