import { describe, expect, it } from "vitest";
import { Rounds } from "../../src/lib/rounds.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

describe("rounds", () => {
  it("make what was asked for together, and what comes meanwhile in the next one", async () => {
    const clock = new VirtualClock();
    using rounds = new Rounds(clock, 2_000);
    const made: string[] = [];
    rounds.add(() => {
      made.push("a");
      rounds.add(() => made.push("c"));
    });
    await clock.advance(1_000);
    rounds.add(() => made.push("b"));
    expect(made).toEqual([]);
    await clock.advance(1_000);
    expect(made).toEqual(["a", "b"]);
    await clock.advance(2_000);
    expect(made).toEqual(["a", "b", "c"]);
  });

  it("end when nothing is asked for any more, and begin again", async () => {
    const clock = new VirtualClock();
    using rounds = new Rounds(clock, 2_000);
    let made = 0;
    rounds.add(() => made++);
    await clock.advance(4_000);
    expect(clock.pending).toBe(0);
    rounds.add(() => made++);
    await clock.advance(2_000);
    expect(made).toBe(2);
  });

  it("make no call after their end", async () => {
    const clock = new VirtualClock();
    const rounds = new Rounds(clock, 2_000);
    let made = 0;
    rounds.add(() => made++);
    rounds[Symbol.dispose]();
    rounds.add(() => made++);
    await clock.advance(10_000);
    expect([made, clock.pending]).toEqual([0, 0]);
  });
});
