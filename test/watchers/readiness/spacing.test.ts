import { describe, expect, it } from "vitest";
import { nextProbeInMs, type Spacing } from "../../../src/watchers/readiness/spacing.ts";

/** How many probes a boot of this length gets. */
function probes(bootMs: number, outcome: Spacing["outcome"], expectedMs?: number): number {
  let elapsedMs = 0;
  let count = 0;
  for (; elapsedMs < bootMs; count++)
    elapsedMs += nextProbeInMs({ elapsedMs, outcome, ...(expectedMs !== undefined && { expectedMs }) });
  return count;
}

describe("nextProbeInMs", () => {
  it("grows with the time so far", () => {
    const at = (elapsedMs: number): number => nextProbeInMs({ elapsedMs, outcome: "silent" });
    expect([0, 100, 1_000, 10_000, 60_000].map(at)).toEqual([5, 5, 20, 200, 250]);
  });

  it("is a quarter of that where connections are refused", () => {
    const at = (elapsedMs: number): number => nextProbeInMs({ elapsedMs, outcome: "refused" });
    expect([0, 100, 1_000, 10_000, 60_000].map(at)).toEqual([2, 2, 5, 50, 250]);
  });

  it("leaves alone what answers with an error, and what another address has told already", () => {
    expect(nextProbeInMs({ elapsedMs: 50, outcome: "bad" })).toBe(100);
    expect(nextProbeInMs({ elapsedMs: 50, outcome: "bad", expectedMs: 50 })).toBe(100);
    expect(nextProbeInMs({ elapsedMs: 50, outcome: "vain" })).toBe(50);
    expect(nextProbeInMs({ elapsedMs: 60_000, outcome: "bad" })).toBe(250);
  });

  it("halves around the time that it usually takes", () => {
    const expectedMs = 10_000;
    const at = (elapsedMs: number, outcome: Spacing["outcome"]): number =>
      nextProbeInMs({ elapsedMs, outcome, expectedMs });
    expect(at(9_500, "silent")).toBe(95);
    expect(at(9_600, "refused")).toBe(24);
    expect(at(12_000, "refused")).toBe(60);
    expect(nextProbeInMs({ elapsedMs: 200, outcome: "refused", expectedMs: 220 })).toBe(1);
  });

  it("is not dense before half of the time that it usually takes", () => {
    expect(nextProbeInMs({ elapsedMs: 4_000, outcome: "refused", expectedMs: 10_000 })).toBe(80);
  });

  it("costs a long boot few probes", () => {
    expect(probes(1_000, "refused")).toBeLessThan(400);
    expect(probes(60_000, "refused")).toBeLessThan(1_300);
    expect(probes(60_000, "refused", 60_000)).toBeLessThan(800);
  });
});
