import type { PoolSpec } from "../../config/model/pool.ts";
import type { Member } from "./member.ts";

/** Places and bytes of one pool. */
export interface Amount {
  readonly awake: number;
  readonly bytes: number;
}

/** What is missing in each pool; pools that have enough are left out. */
export type Shortage = ReadonlyMap<string, Amount>;

export const NOTHING: Amount = { awake: 0, bytes: 0 };

/** What a member takes of a pool while it is awake. */
export function shareOf(
  { costBytes, costBytesIn }: Pick<Member, "costBytes" | "costBytesIn">,
  pool: PoolSpec,
): Amount {
  return { awake: 1, bytes: costBytesIn?.[pool.name] ?? costBytes ?? pool.defaultCostBytes };
}

/** What it takes now, or has a right to when it is `granted`. */
export function takenBy(member: Member, pool: PoolSpec, granted: boolean): Amount {
  const share = shareOf(member, pool);
  if (granted || member.holds === "awake") return share;
  return member.holds === "memory" ? { awake: 0, bytes: share.bytes } : NOTHING;
}

/** What comes free when it has stopped, or has been paused. */
export function freedBy(member: Member, pool: PoolSpec, how: "stop" | "pause" = "stop"): Amount {
  const taken = takenBy(member, pool, false);
  return how === "stop" ? taken : { awake: taken.awake, bytes: 0 };
}

export function add(a: Amount, b: Amount): Amount {
  return { awake: a.awake + b.awake, bytes: a.bytes + b.bytes };
}

/** The one less the other, never below nothing. */
export function less(a: Amount, b: Amount): Amount {
  return { awake: Math.max(0, a.awake - b.awake), bytes: Math.max(0, a.bytes - b.bytes) };
}

/** How much `amount` is above the pool's limits. */
export function above({ maxAwake = Infinity, budgetBytes = Infinity }: PoolSpec, amount: Amount): Amount {
  return less(amount, { awake: maxAwake, bytes: budgetBytes });
}

export function isNothing({ awake, bytes }: Amount): boolean {
  return awake <= 0 && bytes <= 0;
}

/** What the members take together, pool by pool. */
export class Ledger {
  readonly #pools: ReadonlyMap<string, PoolSpec>;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #granted = new Set<string>();
  readonly #taken = new Map<string, Amount>();

  constructor(pools: readonly PoolSpec[], members: Iterable<Member>) {
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.#members = new Map([...members].map((member) => [member.name, member]));
    for (const member of this.#members.values())
      for (const pool of this.poolsOf(member)) this.#add(pool, takenBy(member, pool, false));
  }

  member(name: string): Member | undefined {
    return this.#members.get(name);
  }

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  /** The pools that a member is in; one that does not exist (any more) limits nothing. */
  poolsOf({ pools }: Pick<Member, "pools">): readonly PoolSpec[] {
    return pools.flatMap((name) => this.#pools.get(name) ?? []);
  }

  isGranted(name: string): boolean {
    return this.#granted.has(name);
  }

  taken(pool: string): Amount {
    return this.#taken.get(pool) ?? NOTHING;
  }

  /** What a grant would add to each pool. Pools to which it adds nothing are left out. */
  needOf(names: readonly string[]): Shortage {
    const need = new Map<string, Amount>();
    for (const member of this.#each(names)) {
      if (this.#granted.has(member.name)) continue;
      for (const pool of this.poolsOf(member)) {
        const more = less(shareOf(member, pool), takenBy(member, pool, false));
        if (!isNothing(more)) need.set(pool.name, add(need.get(pool.name) ?? NOTHING, more));
      }
    }
    return need;
  }

  /** What these would be short of in each pool, were they granted now. */
  shortageOf(names: readonly string[]): Shortage {
    const short = new Map<string, Amount>();
    for (const [name, need] of this.needOf(names)) {
      const pool = this.#pools.get(name);
      const missing = pool ? above(pool, add(this.taken(name), need)) : NOTHING;
      // A pool that is too full in places does not matter to what needs only bytes, and the other way round.
      const own = { awake: need.awake > 0 ? missing.awake : 0, bytes: need.bytes > 0 ? missing.bytes : 0 };
      if (!isNothing(own)) short.set(name, own);
    }
    return short;
  }

  /** The first pool that could not bear these even if it were empty, with what they want of it. */
  neverFits(names: readonly string[]): { readonly pool: PoolSpec; readonly wants: Amount } | undefined {
    for (const pool of this.#pools.values()) {
      const own = this.#each(names).filter(({ pools }) => pools.includes(pool.name));
      const wants = own.map((member) => shareOf(member, pool)).reduce(add, NOTHING);
      if (!isNothing(above(pool, wants))) return { pool, wants };
    }
    return undefined;
  }

  /** Gives these their places, whoever holds them already. */
  grant(names: readonly string[]): void {
    for (const [pool, need] of this.needOf(names)) this.#taken.set(pool, add(this.taken(pool), need));
    for (const name of names) this.#granted.add(name);
  }

  #add(pool: PoolSpec, amount: Amount): void {
    this.#taken.set(pool.name, add(this.taken(pool.name), amount));
  }

  #each(names: readonly string[]): readonly Member[] {
    return [...new Set(names)].flatMap((name) => this.#members.get(name) ?? []);
  }
}
