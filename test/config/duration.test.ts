import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DURATION_PATTERN, formatDuration, parseDuration } from "../../src/config/values/duration.ts";
import { messageFor, valueOf } from "./support.ts";

describe("parseDuration", () => {
  it("reads units and compounds as milliseconds", () => {
    expect(valueOf(parseDuration("90s"))).toBe(90_000);
    expect(valueOf(parseDuration("1h30m"))).toBe(5_400_000);
    expect(valueOf(parseDuration("2d"))).toBe(172_800_000);
    expect(valueOf(parseDuration("1w"))).toBe(604_800_000);
    expect(valueOf(parseDuration("5m300ms"))).toBe(300_300);
    expect(valueOf(parseDuration("0s"))).toBe(0);
    expect(valueOf(parseDuration(" 15m "))).toBe(900_000);
  });

  it("refuses what is not one, and says what to write", () => {
    expect(messageFor(parseDuration("15"))).toContain("15s or 15m");
    expect(messageFor(parseDuration("15mn"))).toContain("write 15m");
    expect(messageFor(parseDuration("15 min"))).toContain("without spaces");
    expect(messageFor(parseDuration("2hours"))).toContain("write 2h");
    expect(messageFor(parseDuration("1.5h"))).toContain("1h30m");
    expect(messageFor(parseDuration("-5m"))).toContain("negative");
    expect(messageFor(parseDuration("15M"))).toContain("write 15m");
    expect(messageFor(parseDuration("30m1h"))).toContain("the largest first");
    expect(messageFor(parseDuration("1h banana"))).toContain("expected a duration");
    expect(messageFor(parseDuration("9999999w"))).toContain("at most");
    expect(messageFor(parseDuration(""))).toContain("expected a duration");
  });

  it("reads back whatever formatDuration writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 520 * 604_800_000 }), (ms) => {
        expect(valueOf(parseDuration(formatDuration(ms)))).toBe(ms);
      }),
    );
  });

  it("accepts nothing but its grammar", () => {
    const grammar = new RegExp(DURATION_PATTERN);
    const pieces = fc.array(
      fc.constantFrom("1", "0", "m", "s", "ms", "h", "d", "w", " ", ".", "-", "x", "M"),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((all) => all.join("")),
        ),
        (text) => {
          return !parseDuration(text).ok || grammar.test(text.trim());
        },
      ),
    );
  });
});
