import { describe, expect, it } from "vitest";
import { SnapshotCache } from "../../src/lib/cache.ts";

describe("SnapshotCache", () => {
  it("gives back the very value, not a copy", () => {
    using cache = new SnapshotCache<object>({ maxEntries: 2 });
    const value = {};
    cache.set("a", value);
    expect(cache.get("a")).toBe(value);
  });

  it("starts anew in place of growing", () => {
    using cache = new SnapshotCache<number>({ maxEntries: 2 });
    for (const key of ["a", "b", "c"]) cache.set(key, 1);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([undefined, undefined, 1]);
  });

  it("takes keys that plain objects own", () => {
    using cache = new SnapshotCache<number>({ maxEntries: 9 });
    for (const key of ["__proto__", "constructor", ""]) {
      expect(cache.get(key)).toBeUndefined();
      cache.set(key, 1);
      expect(cache.get(key)).toBe(1);
    }
  });

  it("refuses a bound that is none", () => {
    expect(() => new SnapshotCache({ maxEntries: 0 })).toThrow(RangeError);
  });
});
