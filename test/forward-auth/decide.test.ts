import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TargetSpec } from "../../src/config/model.ts";
import { decide, type DecideInput, type Verdict } from "../../src/forward-auth/decide.ts";
import { BUILT_IN_RULES } from "../../src/forward-auth/intent.ts";
import type { RequestFacts } from "../../src/forward-auth/request-facts.ts";
import type { Gate } from "../../src/watchers/handle.ts";
import { targetSpec } from "../support/fake-target.ts";
import { requestFacts } from "./facts.ts";

const NOW = 1_700_000_000_000;

interface Case {
  readonly facts?: Partial<RequestFacts>;
  readonly spec?: Partial<TargetSpec>;
  readonly gate?: Gate;
  readonly heldMs?: number;
  readonly learned?: DecideInput["learned"];
  readonly mayHold?: boolean;
  readonly rules?: DecideInput["rules"];
  readonly poller?: NonNullable<DecideInput["standing"]>["rights"];
  readonly wakeInMs?: number;
}

function verdict(the: Case): Verdict {
  return decide({
    facts: requestFacts(the.facts),
    spec: targetSpec("blog", the.spec),
    gate: the.gate ?? { kind: "asleep" },
    now: NOW,
    heldMs: the.heldMs ?? 0,
    learned: the.learned ?? {},
    mayHold: the.mayHold ?? true,
    rules: the.rules ?? BUILT_IN_RULES,
    standing: the.poller && { rights: the.poller, rule: "pollers" },
    wakeInMs: the.wakeInMs ?? 0,
  });
}

const COMING: Gate = { kind: "coming", state: "starting" };

describe("decide()", () => {
  it("passes a ready target and counts what is use", () => {
    const gate: Gate = { kind: "ready" };
    expect(verdict({ gate })).toEqual({ kind: "pass", counts: true });
    expect(verdict({ gate, facts: { method: "HEAD" } })).toEqual({ kind: "pass", counts: false });
    expect(verdict({ gate, facts: { prefetch: true } })).toEqual({ kind: "pass", counts: false });
    expect(verdict({ gate, facts: { method: "OPTIONS", preflight: true } })).toMatchObject({ counts: false });
    expect(verdict({ gate, facts: { method: "OPTIONS" } })).toMatchObject({ counts: true });
    expect(verdict({ gate, facts: { serviceWorkerScript: true } })).toMatchObject({ counts: false });
  });

  it("holds everything that is no navigation until the hold's deadline", () => {
    for (const gate of [{ kind: "asleep" } as const, COMING]) {
      expect(verdict({ gate, facts: { method: "POST" } })).toEqual({
        kind: "hold",
        untilMs: 25_000,
        wake: true,
      });
      const late = verdict({
        gate,
        facts: { method: "POST" },
        heldMs: 25_000,
        learned: { usuallyMs: 27_500 },
      });
      expect(late).toEqual({ kind: "wait", wake: true, reason: "waking", retryAfterS: 3 });
    }
  });

  it("shows a navigation the page at once, after a moment where wakes are quick", () => {
    const page = { navigation: true };
    expect(verdict({ facts: page })).toMatchObject({ kind: "page", wake: true, reason: "waking" });
    expect(verdict({ facts: page, learned: { p90Ms: 900 } })).toMatchObject({ kind: "hold", untilMs: 1200 });
    expect(verdict({ facts: page, learned: { p90Ms: 900 }, heldMs: 1200 })).toMatchObject({ kind: "page" });
    expect(verdict({ facts: page, learned: { p90Ms: 1000 } })).toMatchObject({ kind: "page" });
    expect(verdict({ facts: page, spec: { pageAfterMs: 3000 } })).toMatchObject({
      kind: "hold",
      untilMs: 3000,
    });
    expect(verdict({ facts: page, spec: { noLoadingPage: true } })).toMatchObject({
      kind: "hold",
      untilMs: 25_000,
    });
  });

  it("does not wake for a prefetch, and says so to the one who may not wake", () => {
    expect(verdict({ facts: { prefetch: true } })).toMatchObject({ kind: "wait", wake: false });
    const closed: Gate = {
      kind: "asleep",
      mayNotWake: { kind: "schedule", opensAt: NOW + 90_500, rule: "night" },
    };
    expect(verdict({ gate: closed })).toEqual({
      kind: "wait",
      wake: false,
      reason: "may_not_wake",
      retryAfterS: 91,
    });
    expect(verdict({ gate: closed, facts: { navigation: true } })).toMatchObject({
      kind: "page",
      mayNotWake: { kind: "schedule" },
    });
  });

  it("wakes only from the start endpoint where there is one", () => {
    const spec = { startEndpoint: "/start" };
    expect(verdict({ spec, facts: { path: "/other" } })).toMatchObject({ kind: "refuse", status: 403 });
    expect(verdict({ spec, facts: { path: "/start" } })).toMatchObject({ kind: "hold", wake: true });
    expect(verdict({ spec, facts: { path: "/start/" } })).toMatchObject({ kind: "hold", wake: true });
    expect(verdict({ spec, facts: { path: "/other" }, gate: COMING })).toMatchObject({ kind: "hold" });
    expect(verdict({ spec, facts: { path: "/other" }, gate: { kind: "ready" } })).toMatchObject({
      kind: "pass",
    });
  });

  it("tells of a failure at once while the cool-down runs, and tries again after it", () => {
    const gate: Gate = { kind: "failed", until: NOW + 3100, message: "exit code 1" };
    expect(verdict({ gate })).toEqual({ kind: "wait", wake: false, reason: "failed", retryAfterS: 4 });
    expect(verdict({ gate, facts: { navigation: true } })).toMatchObject({ kind: "page", retryAfterS: 4 });
    const over: Gate = { kind: "failed", until: NOW, message: "" };
    expect(verdict({ gate: over })).toMatchObject({ kind: "hold", wake: true });
  });

  it("says 503 for what is missing, whoever asks", () => {
    const gate: Gate = { kind: "missing", why: "gone", message: "removed" };
    expect(verdict({ gate })).toMatchObject({ kind: "wait", wake: false, reason: "missing" });
    expect(verdict({ gate, facts: { navigation: true } })).toMatchObject({ kind: "page", reason: "missing" });
  });

  it("takes from a poll what its target's options take", () => {
    const ready: Gate = { kind: "ready" };
    const poller = { wakes: false, counts: false };
    expect(verdict({ gate: ready, poller })).toEqual({ kind: "pass", counts: false });
    expect(verdict({ gate: ready, poller: { wakes: false, counts: true } })).toMatchObject({ counts: true });
    expect(verdict({ poller })).toMatchObject({ kind: "wait", wake: false, reason: "may_not_wake" });
    expect(verdict({ poller: { wakes: true, counts: false } })).toMatchObject({ kind: "hold", wake: true });
  });

  it("asks to come again where too many wakes were asked for, and lets joiners in", () => {
    expect(verdict({ wakeInMs: 1500 })).toEqual({
      kind: "wait",
      wake: false,
      reason: "too_many_wakes",
      retryAfterS: 2,
    });
    const page = { facts: { navigation: true }, wakeInMs: 1500 };
    expect(verdict(page)).toMatchObject({ kind: "page", wake: false, reason: "too_many_wakes" });
    expect(verdict({ gate: COMING, wakeInMs: 1500 })).toMatchObject({ kind: "hold" });
    expect(verdict({ gate: { kind: "ready" }, wakeInMs: 1500 })).toMatchObject({ kind: "pass" });
  });

  it("still wakes when no place to hold is left", () => {
    expect(verdict({ mayHold: false })).toMatchObject({ kind: "wait", wake: true, reason: "full" });
  });
});

const mayNotWake = fc.constantFrom(
  { kind: "schedule" as const, rule: "night", opensAt: NOW + 5 },
  { kind: "hold" as const, reason: "backup" },
  { kind: "rule" as const, rule: "bots" },
);
const gates: fc.Arbitrary<Gate> = fc.oneof(
  fc.constant<Gate>({ kind: "ready" }),
  fc.constant<Gate>({ kind: "asleep" }),
  mayNotWake.map((why): Gate => ({ kind: "asleep", mayNotWake: why })),
  fc.constantFrom<Gate>(COMING, { kind: "coming", state: "stopping" }, { kind: "coming", state: "waking" }),
  fc.integer({ min: -9, max: 9 }).map((ms): Gate => ({ kind: "failed", until: NOW + ms, message: "" })),
  fc.constant<Gate>({ kind: "missing", why: "gone", message: "" }),
);
const cases: fc.Arbitrary<Case> = fc.record({
  gate: gates,
  facts: fc
    .record({
      method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"),
      path: fc.constantFrom("/", "/start", "/x", "/.wakegate/status", "/.wakegate", "/.wakegatex"),
      browser: fc.boolean(),
      longLived: fc.boolean(),
      grpc: fc.boolean(),
      prefetch: fc.boolean(),
      serviceWorkerScript: fc.boolean(),
    })
    .map(({ browser, ...rest }) => ({
      ...rest,
      navigation: browser && (rest.method === "GET" || rest.method === "HEAD"),
      preflight: rest.method === "OPTIONS",
    })),
  spec: fc.record(
    {
      startEndpoint: fc.constantFrom("/start", "/x"),
      noLoadingPage: fc.boolean(),
      pageAfterMs: fc.integer({ min: 0, max: 60_000 }),
      holdTimeoutMs: fc.integer({ min: 0, max: 60_000 }),
    },
    { requiredKeys: [] },
  ),
  heldMs: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constant(Infinity)),
  learned: fc.record(
    { usuallyMs: fc.integer({ min: 0, max: 90_000 }), p90Ms: fc.integer({ min: 0, max: 5000 }) },
    { requiredKeys: [] },
  ),
  mayHold: fc.boolean(),
});

function isOwn(the: Case): boolean {
  const path = the.facts?.path ?? "";
  return path === "/.wakegate" || path.startsWith("/.wakegate/");
}

describe("decide(), whatever the input", () => {
  it("passes if and only if the target is ready and the path is the app's", () => {
    fc.assert(
      fc.property(cases, (the) => {
        const passes = verdict(the).kind === "pass";
        expect(passes).toBe(the.gate?.kind === "ready" && !isOwn(the));
        expect(verdict(the).kind === "own").toBe(isOwn(the));
      }),
    );
  });

  it("never wakes for a prefetch, a refusal or what may not wake", () => {
    fc.assert(
      fc.property(cases, (the) => {
        const result = verdict(the);
        const wakes = "wake" in result && result.wake;
        const { gate, facts } = the;
        const barred =
          facts?.prefetch === true ||
          gate?.kind === "missing" ||
          (gate?.kind === "asleep" && gate.mayNotWake);
        expect(wakes && barred).not.toBe(true);
      }),
    );
  });

  it("never gives the page to anything but a navigation", () => {
    fc.assert(
      fc.property(cases, (the) => {
        expect(verdict(the).kind !== "page" || the.facts?.navigation).toBe(true);
      }),
    );
  });

  it("ends every hold, for good, no later than the hold's timeout", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 60_000 }), (the, more) => {
        const heldMs = the.heldMs ?? 0;
        const before = verdict(the);
        const isHold = before.kind === "hold";
        expect(!isHold || before.untilMs > heldMs).toBe(true);
        const later = verdict({ ...the, heldMs: isHold ? before.untilMs : heldMs + more }).kind;
        expect(isHold ? later !== "hold" : later === before.kind).toBe(true);
      }),
    );
  });

  it("asks a client to come again after at least a second", () => {
    fc.assert(
      fc.property(cases, (the) => {
        const result = verdict(the);
        const again = "retryAfterS" in result ? result.retryAfterS : 1;
        expect(Number.isInteger(again) && again >= 1).toBe(true);
      }),
    );
  });
});
