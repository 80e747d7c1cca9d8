import fc from "fast-check";
import type { Failure, FailureReason, MayNotWake, Phase, Progress } from "../../../src/watchers/progress.ts";
import { NOW } from "./fixtures.ts";

const ms = fc.oneof(
  fc.integer({ min: 0, max: 1e9 }),
  fc.constantFrom(0, 1, 999, 1_000, 59_999, 60_000),
  // Broken clocks and first measurements.
  fc.constantFrom(Number.NaN, -1, -5_000, Number.POSITIVE_INFINITY, 1e300),
);
const moment = fc.oneof(
  fc.integer({ min: NOW - 1e10, max: NOW + 1e10 }),
  fc.constantFrom(0, Number.NaN, -1, 1e300),
);
const name = fc.constantFrom("app", "", " ", "日本", "a".repeat(60));
const reason = fc.constantFrom<FailureReason>(
  "out_of_memory",
  "exited",
  "no_answer",
  "bad_answer",
  "dependency",
  "engine_away",
  "forbidden",
  "no_address",
  "no_room",
  "start_failed",
  "unknown",
);
const failure: fc.Arbitrary<Failure> = fc.record(
  {
    reason,
    message: fc.constantFrom("", "engine said no"),
    exitCode: fc.integer({ min: 0, max: 255 }),
    status: fc.integer({ min: 100, max: 599 }),
    withinMs: ms,
    dependency: name,
    at: moment,
    tries: fc.oneof(fc.nat(9), fc.constant(Number.NaN)),
    nextTryAt: moment,
    final: fc.boolean(),
    log: fc.array(fc.constantFrom("line", "", "\u001b[31mred\u001b[0m")),
  },
  { requiredKeys: ["reason", "message", "at", "tries"] },
);
const mayNotWake: fc.Arbitrary<MayNotWake> = fc.oneof(
  fc.record(
    { kind: fc.constant("schedule" as const), opensAt: moment, rule: name },
    { requiredKeys: ["kind", "rule"] },
  ),
  fc.record({ kind: fc.constant("rule" as const), rule: name }),
  fc.record(
    { kind: fc.constant("hold" as const), reason: name, until: moment },
    { requiredKeys: ["kind", "reason"] },
  ),
  fc.record({ kind: fc.constant("start_endpoint" as const), path: fc.constantFrom("/start", "//x", "") }),
);
const step = fc.record(
  {
    id: fc.constantFrom(
      "stopping" as const,
      "room" as const,
      "dependencies" as const,
      "starting" as const,
      "probing" as const,
    ),
    status: fc.constantFrom("todo" as const, "active" as const, "done" as const, "failed" as const),
    ms,
    done: fc.integer({ min: -1, max: 9 }),
    of: fc.integer({ min: -1, max: 9 }),
  },
  { requiredKeys: ["id", "status"] },
);
const dependency = fc.record(
  {
    name,
    displayName: name,
    status: fc.constantFrom("waiting" as const, "waking" as const, "ready" as const, "failed" as const),
    ms,
  },
  { requiredKeys: ["name", "displayName", "status"] },
);

/** Any progress a watcher could build, and some it should not. */
export const anyProgress: fc.Arbitrary<Progress> = fc.record(
  {
    target: name,
    displayName: name,
    phase: fc.constantFrom<Phase>(
      "napping",
      "stopping",
      "room",
      "dependencies",
      "starting",
      "probing",
      "ready",
      "error",
      "missing",
    ),
    asOf: fc.oneof(fc.integer({ min: NOW - 1e6, max: NOW + 1e4 }), fc.constant(Number.NaN)),
    elapsedMs: ms,
    etaMs: ms,
    usuallyMs: ms,
    slowestMs: ms,
    deadlineMs: ms,
    steps: fc.array(step, { maxLength: 4 }),
    dependencies: fc.array(dependency, { maxLength: 7 }),
    room: fc.record({
      before: fc.oneof(fc.nat(9), fc.constantFrom(Number.NaN, -1)),
      pools: fc.constantFrom([], ["ram"]),
      yields: fc.constantFrom([], ["immich"]),
    }),
    stopGraceMs: ms,
    tookMs: ms,
    failure,
    mayNotWake,
    asleepSince: moment,
  },
  { requiredKeys: ["target", "displayName", "phase", "asOf", "steps", "dependencies"] },
);
