import type { PoolSpec } from "../../config/model/pool.ts";
import { add, NOTHING, shareOf, takenBy } from "../../watchers/pools/ledger.ts";
import type { Member } from "../../watchers/pools/member.ts";
import type { Registry } from "../../watchers/registry/registry.ts";

/** One target in a pool. */
export interface PoolMemberFact {
  readonly name: string;
  readonly displayName: string;
  /** `memory`: it is paused. `reserved`: a wake under way has its place. Absent: it takes nothing. */
  readonly holds?: "awake" | "memory" | "reserved";
  /** What it takes of the budget while it is awake, in bytes. */
  readonly costBytes: number;
  /** Where that figure comes from. */
  readonly costFrom: "declared" | "measured" | "default";
}

/** Everything that is told of one pool. */
export interface PoolFacts {
  readonly name: string;
  readonly maxAwake?: number;
  readonly budgetBytes?: number;
  /** Taken places, those of wakes under way included. May be above the limit where others started something. */
  readonly awake: number;
  readonly usedBytes: number;
  /** Names of targets that wait for room in it, in their order. */
  readonly waiting: readonly string[];
  /** By name. */
  readonly members: readonly PoolMemberFact[];
}

/** All pools, in the order of the configuration. */
export function poolFacts(registry: Registry): readonly PoolFacts[] {
  const { pools } = registry;
  if (pools.specs.length === 0) return [];
  const members = [...pools.members()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return pools.specs.map((pool) => {
    const inside = members.filter((member) => member.pools.includes(pool.name));
    const taken = inside
      .map((member) => takenBy(member, pool, pools.isReserved(member.name)))
      .reduce(add, NOTHING);
    return {
      name: pool.name,
      ...(pool.maxAwake !== undefined && { maxAwake: pool.maxAwake }),
      ...(pool.budgetBytes !== undefined && { budgetBytes: pool.budgetBytes }),
      awake: taken.awake,
      usedBytes: taken.bytes,
      waiting: pools.queue.filter((name) => waitsFor(pool, name, registry)),
      members: inside.map((member) => memberFact(member, pool, registry)),
    };
  });
}

/** It is in the pool itself, or told that there is no room in it for what it needs. */
function waitsFor({ name }: PoolSpec, target: string, registry: Registry): boolean {
  const watcher = registry.watcher(target);
  return watcher?.spec.pools.includes(name) === true || watcher?.room?.pools.includes(name) === true;
}

function memberFact(member: Member, pool: PoolSpec, registry: Registry): PoolMemberFact {
  const { name } = member;
  const watcher = registry.watcher(name);
  const holds = member.holds ?? (registry.pools.isReserved(name) ? ("reserved" as const) : undefined);
  return {
    name,
    displayName: watcher?.displayName ?? name,
    ...(holds && { holds }),
    costBytes: shareOf(member, pool).bytes,
    costFrom:
      (watcher?.spec.costBytesIn?.[pool.name] ?? watcher?.spec.costBytes) !== undefined
        ? "declared"
        : member.costBytes !== undefined
          ? "measured"
          : "default",
  };
}
