import fc from "fast-check";
import type { PoolSpec } from "../../../src/config/model/pool.ts";
import { decide, type Decision } from "../../../src/watchers/pools/decide.ts";
import type { Claim, Member } from "../../../src/watchers/pools/member.ts";

/** What may happen in a world of pools. Numbers name members, modulo how many there are. */
export type Step =
  | {
      readonly do: "visit" | "use" | "leave alone" | "start by hand" | "die" | "give up" | "finish";
      readonly who: number;
    }
  | { readonly do: "decide" };

/** A target of the model: awake or not, used or not. */
export interface Thing {
  readonly name: string;
  readonly pools: readonly string[];
  readonly costBytes: number;
  readonly needs: readonly string[];
  awake: boolean;
  inUse: boolean;
  lastUse: number;
}

export interface WorldPlan {
  readonly pools: readonly PoolSpec[];
  readonly things: readonly Pick<Thing, "name" | "pools" | "costBytes" | "needs">[];
}

const POOLS = ["ram", "gpu", "previews"];

export const worlds: fc.Arbitrary<WorldPlan> = fc.record({
  pools: fc.tuple(...POOLS.map((name) => poolArbitrary(name))),
  things: fc
    .array(
      fc.record({
        pools: fc.subarray(POOLS),
        costBytes: fc.integer({ min: 1, max: 8 }),
        needs: fc.array(fc.nat(7), { maxLength: 2 }),
      }),
      { minLength: 2, maxLength: 8 },
    )
    .map((things) =>
      things.map(({ pools, costBytes, needs }, index) => ({
        name: `t${String(index)}`,
        pools,
        costBytes,
        // Only those before it: no rings.
        needs: [...new Set(needs.filter((n) => n < index).map((n) => `t${String(n)}`))],
      })),
    ),
});

function poolArbitrary(name: string): fc.Arbitrary<PoolSpec> {
  return fc
    .record({
      maxAwake: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      budgetBytes: fc.option(fc.integer({ min: 4, max: 20 }), { nil: undefined }),
    })
    .map(({ maxAwake, budgetBytes }) => ({
      name,
      ...(maxAwake !== undefined && { maxAwake }),
      ...(budgetBytes !== undefined && { budgetBytes }),
      defaultCostBytes: 1,
      yieldAfterMs: 0,
    }));
}

const who = fc.nat(7);
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("visit" as const), who }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("use", "leave alone", "finish"), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("start by hand", "die", "give up"), who }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("decide" as const) }) },
  ),
  { maxLength: 60 },
);

/** A world that does what is decided, as the real one would: targets wake, are used and sleep. */
export class Model {
  readonly pools: readonly PoolSpec[];
  readonly things: ReadonlyMap<string, Thing>;
  queue: Claim[] = [];
  granted: Claim[] = [];
  #now = 0;

  constructor({ pools, things }: WorldPlan) {
    this.pools = pools;
    this.things = new Map(
      things.map((thing) => [thing.name, { ...thing, awake: false, inUse: false, lastUse: 0 }]),
    );
  }

  /** What it is and needs, itself included, dependencies first. */
  closure(name: string): readonly string[] {
    const thing = this.things.get(name);
    return [...new Set([...(thing?.needs ?? []).flatMap((need) => this.closure(need)), name])];
  }

  dependants(name: string): readonly string[] {
    return [...this.things.values()]
      .filter((thing) => thing.needs.includes(name) && (thing.awake || this.isWaking(thing.name)))
      .map((thing) => thing.name);
  }

  isWaking(name: string): boolean {
    return this.granted.some((claim) => claim.name === name);
  }

  members(): Member[] {
    return [...this.things.values()].map(({ name, pools, costBytes, awake, inUse, lastUse }) => ({
      name,
      pools,
      costBytes,
      ...(awake && { holds: "awake" as const }),
      ...(awake && !inUse && { idleSince: lastUse }),
      neededBy: this.dependants(name),
    }));
  }

  step(step: Step): void {
    this.#now++;
    if (step.do === "decide") return;
    const thing = [...this.things.values()][step.who % this.things.size];
    if (!thing) return;
    switch (step.do) {
      case "visit":
        if (thing.awake) thing.lastUse = this.#now;
        else if (!this.isWaking(thing.name) && !this.queue.some(({ name }) => name === thing.name))
          this.queue.push({ name: thing.name, members: this.closure(thing.name) });
        return;
      case "use":
        if (thing.awake) thing.inUse = true;
        return;
      case "leave alone":
        thing.inUse = false;
        thing.lastUse = this.#now;
        return;
      case "start by hand":
        thing.awake = true;
        this.queue = this.queue.filter(({ name }) => name !== thing.name);
        return;
      case "die":
        thing.awake = false;
        thing.inUse = false;
        return;
      case "give up":
        this.queue = this.queue.filter(({ name }) => name !== thing.name);
        return;
      case "finish":
        this.finish(thing.name);
    }
  }

  /** A wake is over: everything in it is awake. */
  finish(root: string): void {
    const claim = this.granted.find(({ name }) => name === root);
    if (!claim) return;
    this.granted = this.granted.filter((other) => other !== claim);
    for (const name of claim.members) {
      const thing = this.things.get(name);
      if (!thing || thing.awake) continue;
      thing.awake = true;
      thing.lastUse = this.#now;
    }
  }

  decide(): Decision {
    return decide({ pools: this.pools, members: this.members(), granted: this.granted, queue: this.queue });
  }

  /** Grants what has room; what is to make room sleeps unless it is needed, and never when it is used. */
  apply({ granted, yields }: Decision): void {
    this.granted.push(...this.queue.filter(({ name }) => granted.includes(name)));
    this.queue = this.queue.filter(({ name }) => !granted.includes(name));
    for (const name of yields) {
      const thing = this.things.get(name);
      if (thing && !thing.inUse && this.dependants(name).length === 0) thing.awake = false;
    }
  }

  /** What is taken of a pool by those awake and by wakes under way. */
  taken(pool: string): { readonly awake: number; readonly bytes: number } {
    const reserved = new Set(this.granted.flatMap(({ members }) => members));
    const all = [...this.things.values()].filter(
      ({ name, pools, awake }) => pools.includes(pool) && (awake || reserved.has(name)),
    );
    return { awake: all.length, bytes: all.reduce((sum, { costBytes }) => sum + costBytes, 0) };
  }
}
