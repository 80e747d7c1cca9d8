import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PoolSpec } from "../../../src/config/model/pool.ts";
import { decide } from "../../../src/watchers/pools/decide.ts";
import type { Claim, Member } from "../../../src/watchers/pools/member.ts";
import { Model, steps, worlds } from "./model.ts";

function pool(name: string, limits: Pick<PoolSpec, "maxAwake" | "budgetBytes">): PoolSpec {
  return { name, ...limits, defaultCostBytes: 4, yieldAfterMs: 0 };
}

function awake(name: string, more: Partial<Member> = {}): Member {
  return { name, pools: ["p"], holds: "awake", neededBy: [], ...more };
}

function asleep(name: string, more: Partial<Member> = {}): Member {
  return { name, pools: ["p"], neededBy: [], ...more };
}

function claim(name: string, ...more: string[]): Claim {
  return { name, members: [name, ...more] };
}

function decided(pools: readonly PoolSpec[], members: readonly Member[], queue: readonly Claim[]) {
  const { granted, waiting, yields } = decide({ pools, members, granted: [], queue });
  const before = Object.fromEntries([...waiting].map(([name, { before: n }]) => [name, n]));
  return { granted, yields: [...yields], before };
}

describe("decide", () => {
  it("puts the one not used for longest to sleep, among equals the cheapest, and nobody in use", () => {
    const members = [
      awake("used", { costBytes: 8 }),
      awake("new", { idleSince: 9, costBytes: 8 }),
      awake("dear", { idleSince: 5, costBytes: 8 }),
      awake("cheap", { idleSince: 5, costBytes: 4 }),
      asleep("next", { costBytes: 4 }),
    ];
    const full = decided([pool("p", { maxAwake: 4 })], members, [claim("next")]);
    expect(full).toEqual({ granted: [], yields: ["cheap"], before: { next: 0 } });
  });

  it("puts no more to sleep than needed, and nobody where it would not be enough", () => {
    const members = [
      awake("small", { idleSince: 1, costBytes: 1 }),
      awake("big", { idleSince: 2, costBytes: 8 }),
      awake("used", { costBytes: 7 }),
      asleep("next", { costBytes: 6 }),
    ];
    const pools = [pool("p", { budgetBytes: 16 })];
    expect(decided(pools, members, [claim("next")]).yields).toEqual(["big"]);
    const huge = members.map((member) => (member.name === "next" ? { ...member, costBytes: 10 } : member));
    expect(decided(pools, huge, [claim("next")]).yields).toEqual([]);
  });

  it("takes those with it that are awake because of others, and leaves what somebody in use needs", () => {
    const members = [
      awake("db", { idleSince: 1, neededBy: ["app"] }),
      awake("app", { idleSince: 9, pools: [] }),
      asleep("next"),
    ];
    const pools = [pool("p", { maxAwake: 1 })];
    expect(decided(pools, members, [claim("next")]).yields).toEqual(["db", "app"]);
    const used = [
      awake("db", { idleSince: 1, neededBy: ["app"] }),
      awake("app", { pools: [] }),
      asleep("next"),
    ];
    expect(decided(pools, used, [claim("next")]).yields).toEqual([]);
  });

  it("waits for what goes down already, counts what is paused as memory, and stops that first", () => {
    const going = [
      awake("going", { idleSince: 1, leaves: "stop" }),
      awake("idle", { idleSince: 2 }),
      asleep("next"),
    ];
    expect(decided([pool("p", { maxAwake: 2 })], going, [claim("next")]).yields).toEqual([]);
    const paused = [
      awake("paused", { idleSince: 9, holds: "memory" }),
      awake("idle", { idleSince: 2 }),
      asleep("next"),
    ];
    expect(decided([pool("p", { maxAwake: 2 })], paused, [claim("next")]).granted).toEqual(["next"]);
    expect(decided([pool("p", { budgetBytes: 8 })], paused, [claim("next")]).yields).toEqual(["paused"]);
  });

  it("lets a later one pass only where no earlier one wants its pools", () => {
    const members = [
      awake("used"),
      asleep("first", { pools: ["p", "q"] }),
      asleep("second", { pools: ["q"] }),
      asleep("third", { pools: ["r"] }),
    ];
    const pools = [pool("p", { maxAwake: 1 }), pool("q", { maxAwake: 1 }), pool("r", { maxAwake: 1 })];
    const queue = [claim("first"), claim("second"), claim("third")];
    expect(decided(pools, members, queue)).toEqual({
      granted: ["third"],
      yields: [],
      before: { first: 0, second: 1 },
    });
  });

  it("gives all or nothing, to what is needed too, and says what could never fit", () => {
    const members = [asleep("app"), asleep("db"), awake("used")];
    const two = [pool("p", { maxAwake: 2 })];
    expect(decided(two, members, [claim("app", "db")])).toMatchObject({ granted: [], before: { app: 0 } });
    const { waiting } = decide({
      pools: [pool("p", { maxAwake: 1 })],
      members,
      granted: [],
      queue: [claim("app", "db"), claim("db")],
    });
    expect(waiting.get("app")?.never).toMatchObject({ wants: { awake: 2 } });
    expect(waiting.get("db")).toMatchObject({ before: 0 });
  });

  it("counts those over the limit that others started, and refuses nothing that runs", () => {
    const members = [awake("a"), awake("b", { idleSince: 3 }), awake("c", { idleSince: 2 }), asleep("next")];
    const full = [pool("p", { maxAwake: 2 })];
    expect(decided(full, members, [claim("next")]).yields).toEqual(["c", "b"]);
    expect(decided(full, members, [])).toEqual({ granted: [], yields: [], before: {} });
  });

  it("never grants what does not fit, never lets anybody jump the queue, never takes what is used", () => {
    fc.assert(
      fc.property(worlds, steps, (plan, script) => {
        const model = new Model(plan);
        for (const step of script) {
          model.step(step);
          if (step.do !== "decide") continue;
          const before = new Map(model.pools.map(({ name }) => [name, model.taken(name)]));
          const { queue } = model;
          const had = new Set(model.granted.flatMap(({ members }) => members));
          for (const thing of model.things.values()) if (thing.awake) had.add(thing.name);
          const decision = model.decide();
          for (const name of decision.yields) {
            const users = [name, ...model.dependants(name)].map((user) => model.things.get(user));
            expect(users.some((user) => user?.inUse)).toBe(false);
          }
          model.apply(decision);
          for (const { name, maxAwake = Infinity, budgetBytes = Infinity } of model.pools) {
            const [was, is] = [before.get(name), model.taken(name)];
            if (is.awake > (was?.awake ?? 0)) expect(is.awake).toBeLessThanOrEqual(maxAwake);
            if (is.bytes > (was?.bytes ?? 0)) expect(is.bytes).toBeLessThanOrEqual(budgetBytes);
          }
          for (const [index, { name, members }] of queue.entries()) {
            if (!decision.granted.includes(name)) continue;
            queue.slice(0, index).forEach((earlier) => {
              if (decision.granted.includes(earlier.name))
                earlier.members.forEach((member) => had.add(member));
            });
            const wants = poolsOf(
              model,
              members.filter((member) => !had.has(member)),
            );
            for (const earlier of queue.slice(0, index)) {
              const waits = decision.waiting.get(earlier.name);
              if (waits && !waits.never)
                expect([...waits.shortage.keys()].filter((short) => wants.has(short))).toEqual([]);
            }
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("serves everybody in the end, whatever needs whatever, once nothing is used any more", () => {
    fc.assert(
      fc.property(worlds, steps, (plan, script) => {
        const model = new Model(plan);
        for (const step of script) {
          model.step(step);
          if (step.do === "decide") model.apply(model.decide());
        }
        for (const thing of model.things.values()) thing.inUse = false;
        // Every round ends at least one wake or puts one to sleep, so this is more than enough.
        for (let round = 0; round < 50; round++) {
          model.apply(model.decide());
          for (const { name } of model.granted) model.finish(name);
        }
        const { waiting } = model.decide();
        expect(model.queue.filter(({ name }) => !waiting.get(name)?.never)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

function poolsOf(model: Model, names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => model.things.get(name)?.pools ?? []));
}
