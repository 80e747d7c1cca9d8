import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ScheduleSpec } from "../../src/config/model/use.ts";
import { parseRecurrence } from "../../src/config/values/recurrence.ts";
import { parseTimeWindows } from "../../src/config/values/time-window.ts";
import { offsetAt } from "../../src/watchers/civil-time.ts";
import { scheduleAt } from "../../src/watchers/schedule.ts";

const HOUR = 3_600_000;
const BERLIN = "Europe/Berlin";

function schedule(awake: string, noWake = "", more: Partial<ScheduleSpec> = {}): ScheduleSpec {
  const windows = (text: string) => {
    if (text === "") return [];
    const parsed = parseTimeWindows(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  };
  return { timeZone: BERLIN, awake: windows(awake), noWake: windows(noWake), prewakeMs: 0, ...more };
}

const at = (text: string): number => Date.parse(text);

describe("scheduleAt()", () => {
  it("keeps awake on the days and in the hours of a window", () => {
    const office = schedule("Mon-Fri 08:00-18:00");
    expect(scheduleAt(office, at("2026-11-23T07:30:00Z"), "UTC")).toEqual({
      awake: {
        from: at("2026-11-23T07:00:00Z"),
        to: at("2026-11-23T17:00:00Z"),
        rule: "Mon to Fri, 08:00 to 18:00",
      },
      wakes: true,
      next: at("2026-11-23T17:00:00Z"),
    });
    const sunday = scheduleAt(office, at("2026-11-22T12:00:00Z"), "UTC");
    expect(sunday).toEqual({ wakes: false, next: at("2026-11-23T07:00:00Z") });
  });

  it("reaches over midnight from the day on which a window begins", () => {
    const night = schedule("Sat 22:00-02:00");
    expect(scheduleAt(night, at("2026-11-22T00:30:00Z"), "UTC").awake?.to).toBe(at("2026-11-22T01:00:00Z"));
    expect(scheduleAt(night, at("2026-11-21T00:30:00Z"), "UTC").awake).toBeUndefined();
  });

  it("wakes before the window, or not at all", () => {
    const early = schedule("08:00-09:00", "", { prewakeMs: 600_000 });
    expect(scheduleAt(early, at("2026-11-22T06:55:00Z"), "UTC").wakes).toBe(true);
    const { prewakeMs: _, ...lazy } = early;
    expect(scheduleAt(lazy, at("2026-11-22T07:30:00Z"), "UTC")).toMatchObject({ wakes: false, awake: {} });
  });

  it("does not let requests wake it in its closed hours, joined where they touch", () => {
    const closed = schedule("", "22:00-24:00; 00:00-06:00");
    expect(scheduleAt(closed, at("2026-11-22T22:00:00Z"), "UTC").noWake?.to).toBe(at("2026-11-23T05:00:00Z"));
  });

  it("recurs from local midnight", () => {
    const every = parseRecurrence("10m every 6h");
    const sync = schedule("", "", every.ok ? { every: every.value } : {});
    expect(scheduleAt(sync, at("2026-11-22T05:05:00Z"), "UTC").wakes).toBe(true);
    expect(scheduleAt(sync, at("2026-11-22T05:10:00Z"), "UTC")).toEqual({
      wakes: false,
      next: at("2026-11-22T11:00:00Z"),
    });
  });

  it("begins a skipped hour when clocks have been put forward", () => {
    // 2026-03-29: 02:00 becomes 03:00 in Berlin, at 01:00 UTC.
    const span = scheduleAt(schedule("Sun 02:30-04:00"), at("2026-03-29T01:00:00Z"), "UTC").awake;
    expect(span).toMatchObject({ from: at("2026-03-29T01:00:00Z"), to: at("2026-03-29T02:00:00Z") });
  });

  it("starts a window that lies wholly in the skipped hour at the change, and keeps its length", () => {
    const span = scheduleAt(schedule("Sun 02:10-02:40"), at("2026-03-29T01:00:00Z"), "UTC").awake;
    expect(span).toMatchObject({ from: at("2026-03-29T01:00:00Z"), to: at("2026-03-29T01:30:00Z") });
  });

  it("takes an hour that comes twice as a whole", () => {
    // 2026-10-25: 03:00 becomes 02:00 in Berlin, at 01:00 UTC.
    const span = scheduleAt(schedule("Sun 01:30-02:30"), at("2026-10-25T00:45:00Z"), "UTC").awake;
    expect(span).toMatchObject({ from: at("2026-10-24T23:30:00Z"), to: at("2026-10-25T01:30:00Z") });
  });
});

const zones = fc.constantFrom(
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "UTC",
);
const days = fc.constantFrom("", "Mon-Fri ", "Sat,Sun ", "Sun ", "Fri-Mon ");
const minutes = fc.integer({ min: 0, max: 95 }).map((n) => n * 15);
const hhmm = (n: number): string =>
  `${String(Math.floor(n / 60)).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}`;
const windows = fc
  .tuple(days, minutes, minutes)
  .map(([day, from, to]) => ({ text: `${day}${hhmm(from)}-${hhmm(to)}`, from }));
/** Around the changes of clocks in 2026 and 2027, and anywhere else. */
const moments = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        "2026-03-29T01:00Z",
        "2026-10-25T01:00Z",
        "2026-11-01T06:00Z",
        "2027-03-14T07:00Z",
        "2026-10-03T15:30Z",
        "2026-04-04T15:00Z",
      ),
      fc.integer({ min: -40 * 60, max: 40 * 60 }),
    )
    .map(([change, shift]) => Date.parse(change) + shift * 60_000),
  fc
    .integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2027, 11, 31) / 60_000 })
    .map((n) => n * 60_000),
);

const WEEK_MS = 7 * 86_400_000;

describe("scheduleAt(), around changes of clocks too", () => {
  it("says nothing else before the moment that it names as next", () => {
    fc.assert(
      fc.property(
        windows,
        windows,
        zones,
        moments,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b, timeZone, now, part) => {
          const spec = schedule(a.text, b.text, { timeZone });
          const { next, ...said } = scheduleAt(spec, now, "UTC");
          expect(next).toBeGreaterThan(now);
          const between = now + Math.floor(((next ?? now) - now - 1) * part);
          const { next: later, ...then } = scheduleAt(spec, between, "UTC");
          // How long a week without a gap goes on is not looked into: its end lies at least that far ahead.
          const endless = [said.awake, said.noWake].some((window) => window && window.to - now > WEEK_MS);
          if (endless) return;
          expect(then).toEqual(said);
          expect(later).toBe(next);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives each window its length, an hour more or less", () => {
    fc.assert(
      fc.property(windows, zones, moments, (window, timeZone, now) => {
        const spec = schedule(window.text, "", { timeZone });
        const [parsed] = spec.awake;
        const { next } = scheduleAt(spec, now, "UTC");
        const { awake } = scheduleAt(spec, next ?? now, "UTC");
        if (!awake || !parsed || parsed.to - parsed.from >= 1_440) return;
        const nominal = (parsed.to - parsed.from) * 60_000;
        if (awake.from !== next) return;
        // Windows that touch, day after day, are one; of those the first piece is what was asked for.
        expect(awake.to - awake.from).toBeGreaterThanOrEqual(nominal - HOUR);
        const local = (awake.from + offsetAt(awake.from, timeZone)) % 86_400_000;
        const late = (local / 60_000 - parsed.from + 1_440) % 1_440;
        expect(late).toBeLessThanOrEqual(60);
      }),
      { numRuns: 300 },
    );
  });
});
