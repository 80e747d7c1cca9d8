import type { MayNotSleep } from "../../watchers/coordination.ts";
import { plainName } from "./others.ts";
import { leaderOf, type Standing } from "./standing.ts";

/** How this Wakegate stands with the others, for people and machines. */
export type ReplicasStatus = { readonly self: { readonly id: string; readonly name: string } } & (
  | { readonly kind: "away"; readonly why: string; /** Wall ms. */ readonly since: number }
  | { readonly kind: "skewed"; readonly why: string }
  | {
      readonly kind: "synced";
      readonly members: readonly { readonly id: string; readonly name: string }[];
      /** Who vanished without saying so, not long ago. */
      readonly lost: readonly string[];
      /** Who puts to sleep. */
      readonly leader?: string;
      /** This one puts to sleep. */
      readonly leads: boolean;
      /** Why nothing is put to sleep now. */
      readonly why?: string;
    }
);

/** What is told of a standing. Pure. */
export function statusOf(
  standing: Standing,
  self: ReplicasStatus["self"],
  mayNotSleep: MayNotSleep | undefined,
): ReplicasStatus {
  if (standing.kind !== "synced") return { ...standing, self };
  const { members, lost } = standing.reply;
  const leader = leaderOf(standing.reply)?.name;
  return {
    kind: "synced",
    self,
    members: members.map(({ id, name }) => ({ id, name: plainName(name) })),
    lost: lost.map(({ name }) => plainName(name)),
    ...(leader !== undefined && { leader }),
    leads: mayNotSleep === undefined,
    ...(mayNotSleep?.kind === "nobody" && { why: mayNotSleep.why }),
  };
}
