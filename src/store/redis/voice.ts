import { messageOf } from "../../errors.ts";
import type { Log } from "../../lib/log.ts";
import { plainName } from "./others.ts";
import { leaderOf } from "./standing.ts";
import type { Timing } from "./timing.ts";
import { SCHEMA_VERSION, type Skewed, type Synced } from "./wire.ts";

/** Says in the log how things stand, each thing once until it changes. */
export class Voice {
  readonly #log: Log;
  #told = "";

  constructor(log: Log) {
    this.#log = log;
  }

  away(why: string): void {
    if (!this.#isNew("away")) return;
    const message = `The shared store is away: ${why}. Wakegate goes on alone; nothing is put to sleep until it is back.`;
    this.#log.warn("shared_store_away", message, { why });
  }

  skewed(why: string): void {
    if (this.#isNew(`skewed ${why}`))
      this.#log.error("shared_store_skewed", `${why}. Until then nothing is put to sleep.`);
  }

  failed(error: unknown): void {
    const message = `The shared store gave no usable answer: ${messageOf(error)}`;
    if (this.#isNew(message)) this.#log.error("shared_store_failed", message, { err: error });
  }

  /** True when others are there, or lead, than before. */
  present(reply: Pick<Synced, "members" | "lost" | "leader">): boolean {
    const members = reply.members.map(({ name }) => plainName(name)).sort();
    const leader = leaderOf(reply)?.name;
    const lost = reply.lost.map(({ name }) => plainName(name)).sort();
    if (!this.#isNew(JSON.stringify([members, leader, lost]))) return false;
    const gone = lost.length > 0 ? `; lost: ${lost.join(", ")}` : "";
    const message = `Wakegates that share: ${members.join(", ")}; ${leader ?? "nobody"} puts to sleep${gone}`;
    this.#log[lost.length > 0 ? "warn" : "info"]("replicas", message, { members, leader, lost });
    return true;
  }

  #isNew(what: string): boolean {
    const isNew = this.#told !== what;
    this.#told = what;
    return isNew;
  }
}

/** What all must have in common, as one text: version, lease, grace. */
export function schemaOf({ leaseMs, lostMs }: Pick<Timing, "leaseMs" | "lostMs">): string {
  return `${String(SCHEMA_VERSION)} ${String(leaseMs)} ${String(lostMs)}`;
}

/** Why we cannot work with those who were here first, and what to do. Pure. */
export function skewText({ schema, others }: Skewed, timing: Timing, cluster: string): string {
  const [version = "?"] = schema.split(" ");
  const what =
    version === String(SCHEMA_VERSION)
      ? `they have another lease or lost_grace (${schema}, here ${schemaOf(timing)}): write the same everywhere`
      : `they speak version ${version} and this one ${String(SCHEMA_VERSION)}: bring all to the same version`;
  return `${others.join(", ")} cannot share with this Wakegate: ${what}, or give this one another store.redis.cluster than ${cluster}`;
}
