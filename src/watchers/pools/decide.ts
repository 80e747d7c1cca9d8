import type { PoolSpec } from "../../config/model/pool.ts";
import { chooseYields } from "./choose-yields.ts";
import { Ledger, type Amount, type Shortage } from "./ledger.ts";
import type { Claim, Member } from "./member.ts";

/** How a claim stands that has no room yet. */
export interface Waiting {
  /** Claims before it that want the same pools. */
  readonly before: number;
  /** What it is short of, now. Empty: it only waits for its turn. */
  readonly shortage: Shortage;
  /** Who is to sleep for it. */
  readonly yields: readonly string[];
  /** It could not even have an empty pool. */
  readonly never?: { readonly pool: PoolSpec; readonly wants: Amount };
}

export interface Decision {
  /** Names of claims that have room now, in their order. */
  readonly granted: readonly string[];
  /** The other ones. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Members that are to be put to sleep. */
  readonly yields: ReadonlySet<string>;
}

/** Everything that the decision depends on. */
export interface Situation {
  readonly pools: readonly PoolSpec[];
  readonly members: Iterable<Member>;
  /** Wakes under way that have their places. */
  readonly granted: readonly Claim[];
  /** In the order of their coming. */
  readonly queue: readonly Claim[];
}

/**
 * Who fits, who has to make room, who comes next. A claim gets places for all its members or none, and holds nothing
 * while it waits; so none waits for another that waits for it. A later claim passes an earlier one only where that
 * wants none of its pools. Pure.
 */
export function decide({ pools, members, granted, queue }: Situation): Decision {
  const ledger = new Ledger(pools, members);
  for (const claim of granted) ledger.grant(claim.members);
  const now: string[] = [];
  const waiting = new Map<string, Waiting>();
  const yields = new Set<string>();
  const spared = new Set<string>();
  const ahead: ReadonlySet<string>[] = [];
  for (const { name, members: claimed } of queue) {
    const never = ledger.neverFits(claimed);
    const wants = new Set(ledger.needOf(claimed).keys());
    const before = ahead.filter((others) => [...wants].some((pool) => others.has(pool))).length;
    const shortage = ledger.shortageOf(claimed);
    if (never) {
      waiting.set(name, { before, shortage, yields: [], never });
      continue;
    }
    if (before === 0 && shortage.size === 0) {
      ledger.grant(claimed);
      now.push(name);
      continue;
    }
    for (const member of claimed) spared.add(member);
    const chosen = before === 0 ? chooseYields(ledger, shortage, spared) : [];
    for (const member of chosen) yields.add(member);
    waiting.set(name, { before, shortage, yields: chosen });
    ahead.push(wants);
  }
  return { granted: now, waiting, yields };
}
