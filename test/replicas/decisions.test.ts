import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  elapsedMs,
  parseMessage,
  parseStopQuestion,
  parseSync,
  surelyAsked,
  surelyHolds,
  timingOf,
} from "../../src/replicas/protocol.ts";
import { explainRedis } from "../../src/replicas/redis.ts";
import { leaderOf, mayNotSleep, type StoreStatus } from "../../src/replicas/status.ts";
import { usedByOthers } from "../../src/replicas/sync.ts";

const timing = timingOf({ leaseMs: 10_000, lostGraceMs: 60_000 });
const moment = fc.record({ wall: fc.integer({ min: 0, max: 10 ** 13 }), mono: fc.nat(10 ** 9) });

describe("a lease", () => {
  it("ends on the replica before Redis can give it to another one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 600_000 }),
        fc.nat(2_000),
        fc.nat(1_200_000),
        (leaseMs, onItsWayMs, passedMs) => {
          const own = timingOf({ leaseMs, lostGraceMs: 1_000 });
          const sent = { wall: 0, mono: 0 };
          const now = { wall: passedMs, mono: passedMs };
          const inRedis = onItsWayMs + leaseMs;
          if (surelyHolds(sent, now, own)) expect(passedMs).toBeLessThan(inRedis);
        },
      ),
    );
  });

  it("is never extended by a clock that jumps or stops", () => {
    fc.assert(
      fc.property(moment, moment, (from, to) => {
        expect(elapsedMs(from, to)).toBeGreaterThanOrEqual(to.mono - from.mono);
        expect(elapsedMs(from, to)).toBeGreaterThanOrEqual(to.wall - from.wall);
      }),
    );
  });

  it("ends when either clock says so, for ready targets too", () => {
    const own = timingOf({ leaseMs: 10_000, lostGraceMs: 60_000 });
    const hour = 3_600_000;
    expect(surelyAsked({ wall: 0, mono: 0 }, { wall: hour, mono: 5 }, own)).toBe(false);
    expect(surelyAsked({ wall: 0, mono: 0 }, { wall: -hour, mono: hour }, own)).toBe(false);
  });

  it("contains every interval that depends on it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 3_600_000 }), (leaseMs) => {
        const own = timingOf({ leaseMs, lostGraceMs: 60_000 });
        // Two signs of life fit in, an answer that is overdue is noticed in time, a stop call is made before others open.
        expect(2 * own.syncMs + own.answerMs).toBeLessThanOrEqual(leaseMs - own.marginMs + 1e-6);
        expect(own.agreeMs).toBeLessThan(own.askMs);
        expect(own.marginMs).toBeLessThan(leaseMs);
        expect(surelyAsked({ wall: 0, mono: 0 }, { wall: 0, mono: leaseMs }, own)).toBe(true);
      }),
    );
  });
});

const member = (id: string) => ({ id, name: `wakegate-${id}` });
const base = {
  kind: "ok" as const,
  space: "s",
  age: 10 ** 6,
  known: true,
  seq: 1,
  leader: "a:7",
  members: [member("a"), member("b")],
  lost: [],
  uses: [],
  entries: [],
  stops: [],
};
const now = { wall: 1_000, mono: 1_000 };
const synced = (more: object, sent = now): StoreStatus => ({
  kind: "synced",
  sent,
  reply: { ...base, ...more },
});

describe("mayNotSleep", () => {
  it("lets the leader alone put to sleep", () => {
    expect(mayNotSleep(synced({}), "a", now, timing)).toBeUndefined();
    expect(mayNotSleep(synced({}), "b", now, timing)).toEqual({ kind: "other", name: "wakegate-a" });
    expect(mayNotSleep(synced({ leader: "" }), "a", now, timing)).toMatchObject({ kind: "nobody" });
  });

  it.each([
    ["the last reply is old", synced({}, { wall: 1_000, mono: -7_100 })],
    ["the wall clock shows that the machine was suspended", synced({}, { wall: -7_100, mono: 1_000 })],
    ["a replica is lost", synced({ lost: [{ ...member("c"), left: 10 }] })],
    ["the keyspace is new", synced({ age: 69_999 })],
    ["Redis is unreachable", { kind: "unreachable", why: "gone", since: 0 } as const],
    ["versions differ", { kind: "mismatched", why: "others" } as const],
  ])("suspends sleeping while %s", (_, status) => {
    expect(mayNotSleep(status, "a", now, timing)).toMatchObject({ kind: "nobody" });
  });

  it("leaderOf splits the lease at its last colon", () => {
    expect(leaderOf({ leader: "x:y:12", members: [] })).toEqual({ id: "x:y", name: "x:y", token: "12" });
    expect(leaderOf({ leader: "", members: [] })).toBeUndefined();
  });
});

describe("usedByOthers", () => {
  it("counts lost replicas, and text that is not JSON", () => {
    const open = usedByOthers({
      members: [member("b")],
      lost: [{ ...member("c"), left: 1 }],
      uses: [
        ["b", "app", '["a session","2 × held request"]'],
        ["c", "app", '["a stream"]'],
        ["b", "db", "not JSON"],
      ],
    });
    expect(open.get("app")?.map(({ detail }) => detail)).toEqual([
      "a session, on replica wakegate-b",
      "2 × held request, on replica wakegate-b",
      "a stream, on replica wakegate-c (lost)",
    ]);
    expect(open.get("db")).toHaveLength(1);
    expect([...open.values()].flat().every(({ kind }) => kind === "in-use")).toBe(true);
  });
});

describe("values from Redis", () => {
  it("are validated", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => [parseMessage(text), parseStopQuestion(text)]).not.toThrow();
      }),
    );
    expect(parseMessage('{"k":"moon","by":"a"}')).toBeUndefined();
    expect(() => parseSync('{"kind":"ok"}')).toThrow("space");
  });

  it("may have empty lists as Lua encodes them", () => {
    const answer = JSON.stringify({ ...base, lost: {}, uses: {}, entries: {}, stops: {} });
    expect(parseSync(answer)).toEqual(base);
  });
});

describe("explainRedis", () => {
  const at = { host: "redis.lan", port: 6379, tls: false } as const;

  it.each([
    ["WRONGPASS invalid username-password pair", "refuses the password"],
    ["NOAUTH Authentication required.", "requires a password"],
    ["READONLY You can't write against a read only replica.", "to the primary"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "raise maxmemory"],
    ["ERR DB index is out of range", "no such database"],
    ["connect ECONNREFUSED 10.0.0.1:6379", "does not respond"],
  ])("says what to do about %s", (text, advice) => {
    const said = explainRedis(new Error(text), at);
    expect(said).toContain("redis.lan:6379");
    expect(said).toContain(advice);
  });
});
