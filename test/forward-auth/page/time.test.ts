import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { english } from "../../../src/forward-auth/page/copy.ts";
import { finished, limit, overdueAfter, wordsOf } from "../../../src/forward-auth/page/time.ts";
import { clockText, enlarge, inUnits, print, progressAt, roughly } from "../../../templates/live.js";
import { NOW } from "./fixtures.ts";

const words = wordsOf(english, "en");
const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("numbers of the page", () => {
  test.each([
    [900, "1 s"],
    [1_000, "1 s"],
    [5_600, "6 s"],
    [19_400, "20 s"],
    [20_100, "25 s"],
    [61_000, "65 s"],
    [88_000, "90 s"],
    [90_000, "2 min"],
    [121_000, "3 min"],
    [238_000, "4 min"],
    [3_500_000, "59 min"],
    [3_700_000, "1 h 2 min"],
  ])("%d ms left are about %s", (ms, text) => {
    expect(plain(roughly(ms, words.units))).toBe(text);
  });

  test.each([
    [0, "0 s"],
    [4, "4 s"],
    [60, "1 min"],
    [65, "1 min 5 s"],
    [4_140, "1 h 9 min"],
    [3_605, "1 h"],
    [234_000, "2 d 17 h"],
  ])("%d s run as %s", (s, text) => {
    expect(plain(inUnits(s, words.units))).toBe(text);
  });

  test.each([
    [0, "0 ms"],
    [84, "84 ms"],
    [99.4, "99 ms"],
    [99.6, "0.1 s"],
    [2_100, "2.1 s"],
    [9_940, "9.9 s"],
    [9_960, "10 s"],
    [31_400, "31 s"],
    [59_700, "1 min"],
    [65_000, "1 min 5 s"],
  ])("%d ms took %s", (ms, text) => {
    expect(plain(finished(ms, words))).toBe(text);
  });

  test("limits keep the unit they were set in", () => {
    expect(plain(limit(60_000, words))).toBe("60 s");
    expect(plain(limit(2_500, words))).toBe("2.5 s");
    expect(plain(limit(180_000, words))).toBe("3 min");
  });

  test.each([
    [4_000, 6_000],
    [8_000, 10_000],
    [10_000, 12_500],
  ])("a wake of %d ms is overdue at %d ms", (eta, at) => {
    expect(overdueAfter(eta)).toBe(at);
  });

  test("moments name the day when it is another", () => {
    const at = (days: number): number => NOW + days * 86_400_000;
    expect(clockText(NOW, "s", NOW, words)).toBe("14:03:29");
    expect(clockText(NOW, "m", NOW, words)).toBe("14:03");
    expect(clockText(NOW, "at", NOW, words)).toBe("at 14:03");
    expect(clockText(at(1), "at", NOW, words)).toBe("Thu 14:03");
    expect(clockText(at(-1), "since", NOW, words)).toBe("yesterday, 14:03");
    expect(clockText(at(-3), "since", NOW, words)).toBe("Sun 14:03");
    expect(clockText(at(-40), "since", NOW, words)).toBe("25 Apr");
    expect(clockText(at(-400), "since", NOW, words)).toBe("30 Apr 2024");
  });

  test("every number of a slot is drawn large", () => {
    expect(enlarge("about 2 min")).toBe("about **2** min");
    expect(enlarge("1 min 5 s so far")).toBe("**1** min **5** s so far");
    expect(enlarge("9.4 s")).toBe("**9.4** s");
  });

  test("the sunrise never goes back and never arrives", () => {
    const eta = fc.integer({ min: 1, max: 1e7 });
    fc.assert(
      fc.property(eta, fc.nat(1e8), fc.nat(1e6), (eta, elapsed, more) => {
        const [a, b] = [progressAt(elapsed, eta), progressAt(elapsed + more, eta)];
        expect(a).toBeGreaterThanOrEqual(0);
        expect(b).toBeGreaterThanOrEqual(a);
        expect(b).toBeLessThanOrEqual(0.98);
      }),
    );
  });

  test("a countdown never passes zero and a running second never shows before it is over", () => {
    const left = { text: "in {}", ms: 2_000, down: true };
    expect(plain(print(left, 500, words, NOW))).toBe("in 2 s");
    expect(plain(print(left, 9_000, words, NOW))).toBe("in 0 s");
    expect(print({ text: "{} so far", ms: 400 }, 0, words, NOW)).toBe("");
  });
});
