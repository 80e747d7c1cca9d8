import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeOf, entriesOf, mergeWakes } from "../../src/replicas/shared-store.ts";
import type { RecordChange, TargetRecord, WakeRecord } from "../../src/store/store.ts";

const wakeRecord: fc.Arbitrary<WakeRecord> = fc.record({
  at: fc.nat(1_000),
  from: fc.constantFrom("stopped" as const, "paused" as const),
  outcome: fc.constantFrom("ready" as const, "failed" as const),
  totalMs: fc.nat(100),
  phases: fc.constant({}),
  cause: fc.constant({ by: "request" as const }),
});
const history = fc.array(wakeRecord, { maxLength: 80 }).map((wakes) => mergeWakes([], wakes));

describe("mergeWakes", () => {
  it("is commutative and idempotent", () => {
    fc.assert(
      fc.property(history, history, history, (a, b, c) => {
        expect(mergeWakes(a, b)).toEqual(mergeWakes(b, a));
        expect(mergeWakes(mergeWakes(a, b), c)).toEqual(mergeWakes(a, mergeWakes(b, c)));
        expect(mergeWakes(a, a)).toBe(a);
        expect(mergeWakes(mergeWakes(a, b), b)).toEqual(mergeWakes(a, b));
      }),
    );
  });

  it("keeps the latest 50, oldest first", () => {
    fc.assert(
      fc.property(history, history, (a, b) => {
        const merged = mergeWakes(a, b).map(({ at }) => at);
        expect(merged.length).toBeLessThanOrEqual(50);
        expect(merged).toEqual(merged.toSorted((x, y) => x - y));
      }),
    );
  });
});

const order = fc.option(fc.record({ at: fc.nat(), reason: fc.string() }), { nil: undefined });
const leases = fc.option(
  fc.dictionary(fc.constantFrom("a", "b", "c/d"), fc.record({ what: fc.string(), until: fc.nat() }), {
    minKeys: 1,
    noNullPrototype: true,
  }),
  { nil: undefined },
);
const change: fc.Arbitrary<RecordChange> = fc.record(
  { pin: order, hold: order, startedRun: fc.option(fc.string(), { nil: undefined }), leases },
  { requiredKeys: [] },
);

function apply(record: TargetRecord, given: RecordChange | undefined): TargetRecord {
  const entries = Object.entries({ ...record, ...given }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

describe("entriesOf and changeOf", () => {
  it("bring another record to the same state", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        let here: TargetRecord = {};
        let there: TargetRecord = {};
        for (const given of changes) {
          for (const { field, value } of entriesOf("app", here, given))
            there = apply(there, changeOf(there, field, value));
          here = apply(here, given);
        }
        expect(there).toEqual(here);
      }),
    );
  });

  it("leave out unchanged fields", () => {
    fc.assert(
      fc.property(change, (given) => {
        const record = apply({}, given);
        const own = Object.fromEntries(Object.entries(given).filter(([key]) => key !== "leases"));
        expect(entriesOf("app", record, own)).toEqual([]);
        for (const { field, value } of entriesOf("app", {}, given))
          expect(changeOf(record, field, value)).toBeUndefined();
      }),
    );
  });

  it("ignores fields of a later version", () => {
    expect(changeOf({}, "moon/phase", '{"full":true}')).toBeUndefined();
  });
});
