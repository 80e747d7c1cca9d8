import { messageOf } from "../errors.ts";
import type { Log } from "../lib/log.ts";
import type { MayNotSleep } from "../watchers/coordination.ts";
import {
  PROTOCOL_VERSION,
  schemaOf,
  surelyHolds,
  type Mismatch,
  type Moment,
  type Synced,
  type Timing,
} from "./protocol.ts";

/** The state of the shared store as this replica knows it. */
export type StoreStatus =
  | { readonly kind: "unreachable"; readonly why: string; readonly since: number }
  | { readonly kind: "mismatched"; readonly why: string }
  | { readonly kind: "synced"; readonly sent: Moment; readonly reply: Synced };

/** The state of this replica among the others, as API and dashboard show it. */
export type ReplicasStatus = { readonly self: { readonly id: string; readonly name: string } } & (
  | { readonly kind: "unreachable"; readonly why: string; /** Wall ms. */ readonly since: number }
  | { readonly kind: "mismatched"; readonly why: string }
  | {
      readonly kind: "synced";
      readonly members: readonly { readonly id: string; readonly name: string }[];
      /** Replicas that disappeared without signing off and still count. */
      readonly lost: readonly string[];
      /** The replica that puts targets to sleep. */
      readonly leader?: string;
      /** This replica is the leader. */
      readonly leads: boolean;
      /** Why no replica puts targets to sleep. */
      readonly why?: string;
    }
);

/** Pure. */
export function statusOf(
  status: StoreStatus,
  self: ReplicasStatus["self"],
  reason: MayNotSleep | undefined,
): ReplicasStatus {
  if (status.kind !== "synced") return { ...status, self };
  const { members, lost } = status.reply;
  const leader = leaderOf(status.reply)?.name;
  return {
    kind: "synced",
    self,
    members: members.map(({ id, name }) => ({ id, name: plainName(name) })),
    lost: lost.map(({ name }) => plainName(name)),
    ...(leader !== undefined && { leader }),
    leads: reason === undefined,
    ...(reason?.kind === "nobody" && { why: reason.why }),
  };
}

/** Why this replica may not put anything to sleep at this moment; undefined when it may. Pure. */
export function mayNotSleep(
  status: StoreStatus,
  id: string,
  now: Moment,
  timing: Timing,
): MayNotSleep | undefined {
  switch (status.kind) {
    case "unreachable":
      return suspended("the shared store is unreachable");
    case "mismatched":
      return suspended("replicas with different versions or settings are running");
    case "synced": {
      const { sent, reply } = status;
      if (!surelyHolds(sent, now, timing)) return suspended("the shared store answers too slowly");
      const [lost] = reply.lost;
      if (lost)
        return suspended(`replica ${plainName(lost.name)} is lost; waiting lost_grace before taking over`);
      if (reply.age < timing.leaseMs + timing.lostMs)
        return suspended("the shared store is new; waiting for other replicas to join");
      const leader = leaderOf(reply);
      if (leader?.id === id) return undefined;
      return leader ? { kind: "other", name: leader.name } : suspended("no leader has been elected yet");
    }
  }
}

function suspended(why: string): MayNotSleep {
  return { kind: "nobody", why };
}

/** The leader and the token of its lease. Pure. */
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

/** The name of a mismatched member starts with `!` in Redis. */
export function plainName(name: string): string {
  return name.replace(/^!/, "");
}

/** Explains a mismatch and what to do about it. Pure. */
export function mismatchText({ schema, others }: Mismatch, timing: Timing, cluster: string): string {
  const [version = "?"] = schema.split(" ");
  const what =
    version === String(PROTOCOL_VERSION)
      ? `Their lease or lost_grace differs (${schema}, here ${schemaOf(timing)}). Use the same values on all replicas`
      : `They use protocol version ${version}, this one ${String(PROTOCOL_VERSION)}. Upgrade all to the same version`;
  return `This Wakegate cannot share the store with ${others.join(", ")}. ${what}, or give this one another store.redis.cluster than ${cluster}`;
}

/** Logs changes of the status, each once until it changes again. */
export class StatusLogger {
  readonly #log: Log;
  #last = "";

  constructor(log: Log) {
    this.#log = log;
  }

  unreachable(why: string): void {
    if (!this.#isNew("unreachable")) return;
    const message = `The shared store is unreachable: ${why}. Wakegate continues alone; sleeping is suspended until the store is back.`;
    this.#log.warn("shared_store_unreachable", message, { why });
  }

  mismatched(why: string): void {
    if (this.#isNew(`mismatched ${why}`))
      this.#log.error("shared_store_mismatch", `${why}. Sleeping is suspended until then.`);
  }

  failed(error: unknown): void {
    const message = `The shared store returned an unusable answer: ${messageOf(error)}`;
    if (this.#isNew(message)) this.#log.error("shared_store_failed", message, { err: error });
  }

  /** Returns true when the members, the leader or the lost replicas changed. */
  synced(reply: Pick<Synced, "members" | "lost" | "leader">): boolean {
    const members = reply.members.map(({ name }) => plainName(name)).sort();
    const leader = leaderOf(reply)?.name;
    const lost = reply.lost.map(({ name }) => plainName(name)).sort();
    if (!this.#isNew(JSON.stringify([members, leader, lost]))) return false;
    const role = leader === undefined ? "no leader, sleeping is suspended" : `leader: ${leader}`;
    const missing = lost.length > 0 ? `; lost: ${lost.join(", ")}` : "";
    const message = `Replicas: ${members.join(", ")}; ${role}${missing}`;
    this.#log[lost.length > 0 ? "warn" : "info"]("replicas", message, { members, leader, lost });
    return true;
  }

  #isNew(what: string): boolean {
    const isNew = this.#last !== what;
    this.#last = what;
    return isNew;
  }
}
