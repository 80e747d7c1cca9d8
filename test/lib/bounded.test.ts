import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Generations } from "../../src/lib/generations.ts";
import { RateLimiter } from "../../src/lib/rate-limit.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

describe("Generations", () => {
  it("never holds more than its bound, and keeps what was used last", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 300 }), (keys) => {
        const map = new Generations<number, number>(10);
        for (const key of keys) {
          if (map.get(key) === undefined) map.set(key, key + 1);
          expect(map.size).toBeLessThanOrEqual(10);
        }
        const lately = new Set<number>();
        for (const key of [...keys].reverse()) if (lately.size < 5) lately.add(key);
        for (const key of lately) expect(map.get(key)).toBe(key + 1);
      }),
    );
  });

  it("holds each key once and forgets what is deleted", () => {
    const map = new Generations<string, number>(4);
    for (const key of ["a", "b", "c", "a", "d"]) map.set(key, (map.get(key) ?? 0) + 1);
    expect(new Map(map.entries()).size).toBe(map.size);
    map.delete("d");
    expect(map.get("d")).toBeUndefined();
    map.clear();
    expect(map.size).toBe(0);
    expect(() => new Generations(1)).toThrow(RangeError);
  });
});

describe("RateLimiter", () => {
  it("allows the first, at whatever fraction of a millisecond", async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(clock);
    const limit = { count: 1, perMs: 60_000 };
    await clock.advance(1234.567_891_234);
    for (let turn = 0; turn < 20; turn++) {
      expect(limiter.waitMs("a", limit)).toBe(0);
      limiter.take("a", limit);
      expect(limiter.waitMs("a", limit)).toBeCloseTo(60_000, 3);
      await clock.advance(60_000.000_001 + turn / 7);
    }
  });

  it("allows the count at once, then one for each share of the time", async () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter(clock);
    const limit = { count: 6, perMs: 60_000 };
    for (let taken = 0; taken < 6; taken++) {
      expect(limiter.waitMs("a", limit)).toBe(0);
      limiter.take("a", limit);
    }
    expect(limiter.waitMs("a", limit)).toBe(10_000);
    expect(limiter.waitMs("b", limit)).toBe(0);
    await clock.advance(10_000);
    expect(limiter.waitMs("a", limit)).toBe(0);
    limiter.take("a", limit);
    expect(limiter.waitMs("a", limit)).toBe(10_000);
    await clock.advance(3_600_000);
    expect(limiter.waitMs("a", limit)).toBe(0);
  });
});
