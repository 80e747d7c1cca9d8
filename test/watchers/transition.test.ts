import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InstanceStatus } from "../../src/providers/provider.ts";
import { gateOf } from "../../src/watchers/gate.ts";
import { taskOf } from "../../src/watchers/jobs/job-of.ts";
import type { Sighting, State } from "../../src/watchers/state.ts";
import type { Context, Input } from "../../src/watchers/input.ts";
import { transition } from "../../src/watchers/transition.ts";

const statuses: InstanceStatus[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];

const sightings: fc.Arbitrary<Sighting> = fc.record({
  id: fc.constantFrom("a", "b"),
  status: fc.constantFrom(...statuses),
  run: fc.constantFrom("r1", "r2", "r3"),
  unhealthy: fc.boolean(),
  restarts: fc.boolean(),
  stopTimeoutMs: fc.constant(10_000),
  exit: fc.record({ code: fc.constantFrom(0, 1, 137, 143), oomKilled: fc.boolean(), at: fc.constant(0) }),
});
const maybe = fc.option(sightings, { nil: undefined });
const cause = fc.constantFrom(
  { by: "request" } as const,
  { by: "dependant" } as const,
  { by: "operator" } as const,
);
const failure = { reason: "exited", message: "died", at: 0, tries: 1 } as const;

const stops = fc.record({
  method: fc.constantFrom("stop", "pause"),
  at: fc.constant(0),
  until: fc.constant(5_000),
});

const inputs: fc.Arbitrary<Input> = fc.oneof(
  cause.map((by): Input => ({ type: "wake", cause: by })),
  cause.map((by): Input => ({ type: "retry", cause: by })),
  maybe.map((sighting): Input => ({ type: "seen", sighting })),
  fc.tuple(sightings, stops).map(([sighting, stopIntent]): Input => ({ type: "seen", sighting, stopIntent })),
  maybe.map((sighting): Input => ({ type: "settled", sighting })),
  maybe.map((sighting): Input => ({ type: "called", sighting })),
  fc
    .tuple(sightings, stops)
    .map(([sighting, stopIntent]): Input => ({ type: "called", sighting, stopIntent })),
  sightings.map((sighting): Input => ({ type: "stop-signal", running: { ...sighting, status: "running" } })),
  fc.constantFrom<Input>(
    { type: "stop-signal" },
    { type: "engine-away", message: "gone" },
    { type: "room", waited: true },
    { type: "room", waited: false },
    { type: "dependencies-ready" },
    { type: "proved" },
    { type: "sleep-failed" },
    { type: "wake-failed", failure, coolDownMs: 1_000 },
    { type: "sleep", method: "stop" },
    { type: "sleep", method: "pause" },
    { type: "clock-set", ms: -3_600_000 },
  ),
);
const contexts = fc.record({
  hasDependencies: fc.boolean(),
  needsRoom: fc.boolean(),
  onManualStop: fc.constantFrom("nap" as const, "hold" as const),
  foreignStopGraceMs: fc.constant(10_000),
  oneShot: fc.boolean(),
  deepen: fc.record({ run: fc.constantFrom("r1", "r2"), inMs: fc.constant(60_000) }),
});
const unlisted: State = { kind: "missing", why: "unlisted", message: "", since: 0 };

/** Runs a whole life and looks at each step of it. */
function life(check: (before: State, input: Input, after: State, ctx: Context) => void): void {
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 40 }), contexts, (sequence, facts) => {
      let state = unlisted;
      for (const [index, input] of sequence.entries()) {
        const ctx: Context = { ...facts, now: 1_000_000 + index * 700, mono: index * 700 };
        const next = transition(state, input, ctx);
        check(state, input, next, ctx);
        state = next;
      }
    }),
    { numRuns: 2_000 },
  );
}

describe("transition()", () => {
  it("lets requests pass only after a proof, and no longer than that run is seen running", () => {
    life((before, input, after) => {
      if (gateOf(after).kind !== "ready" || gateOf(before).kind === "ready") return;
      expect(before.kind).toBe("starting");
      expect(input.type).toBe("proved");
    });
    life((before, input, after) => {
      if (before.kind !== "ready" || input.type !== "seen") return;
      const { sighting } = input;
      const same = sighting?.status === "running" && sighting.run === before.seen.run;
      if (!same) expect(after.kind).not.toBe("ready");
    });
  });

  it("leaves ready at once when a stop signal is on its way or a sleep is decided", () => {
    life((before, input, after) => {
      if (before.kind !== "ready") return;
      if (input.type === "stop-signal" || input.type === "sleep") expect(after.kind).toBe("stopping");
    });
  });

  it("never begins a second wake while one is under way", () => {
    life((before, input, after) => {
      if (input.type !== "wake" && input.type !== "retry") return;
      if (before.kind === "waking" || before.kind === "starting" || before.kind === "ready") {
        expect(after).toBe(before);
      }
    });
  });

  it("calls the engine's start only from rest, after a failure, after a stop, or when room and dependencies are there", () => {
    life((before, input, after, ctx) => {
      if (after.kind !== "waking" || after.step !== "calling" || after === before) return;
      if (before.kind === "waking" && before.step === "room")
        expect([input.type, ctx.hasDependencies]).toEqual(["room", false]);
      else if (before.kind === "waking")
        expect([before.step, input.type]).toEqual(["dependencies", "dependencies-ready"]);
      else {
        expect(["napping", "error", "stopping"]).toContain(before.kind);
        expect(ctx.needsRoom).toBe(false);
      }
    });
  });

  it("wakes nothing else before there is room, and counts a wait for it only where there was one", () => {
    life((before, input, after, ctx) => {
      if (after.kind !== "waking" || after === before) return;
      if (before.kind !== "waking" && ctx.needsRoom) expect(after.step).toBe("room");
      if (after.step === "room") expect(before.kind).not.toBe("waking");
      if (before.kind === "waking" && before.step === "room" && input.type === "room")
        expect(after.wake.began.room !== undefined).toBe(input.waited);
    });
  });

  it("does not forget who asked during a stop", () => {
    life((before, input, after, ctx) => {
      if (before.kind !== "stopping" || !before.wanted || after.kind !== "napping") return;
      expect(ctx.onManualStop).toBe("hold");
      expect(after.held).toBe(true);
      expect(input.type).toBe("settled");
    });
  });

  it("knows what still runs after a failed wake also when the next one found no room", () => {
    life((before, _, after) => {
      if (before.kind !== "error" || after.kind !== "waking" || after.step !== "room") return;
      const runs = before.seen && ["running", "restarting"].includes(before.seen.status);
      expect(after.runs).toBe(runs ? before.seen : undefined);
    });
    life((before, _, after) => {
      if (before.kind !== "waking" || before.step !== "room" || after.kind !== "error") return;
      expect(after.seen).toBe(before.runs);
    });
  });

  it("keeps through a failed wake what its target was before: paused, or running without an answer", () => {
    life((before, input, after) => {
      if (before.kind !== "waking" || input.type !== "wake-failed" || after.kind !== "error") return;
      expect([after.seen, after.paused]).toEqual([before.runs, before.paused]);
    });
    life((before, input, after) => {
      const goesOn = input.type === "room" || input.type === "dependencies-ready";
      if (before.kind !== "waking" || !goesOn || after.kind !== "waking") return;
      expect([after.runs, after.paused]).toEqual([before.runs, before.paused]);
    });
  });

  it("knows a dying run in every state in which one is known, and none where it may be told late of another", () => {
    life((before, input, after) => {
      if (input.type !== "stop-signal") return;
      const runs =
        before.kind === "ready" ||
        before.kind === "starting" ||
        (before.kind === "error" && before.seen && ["running", "restarting"].includes(before.seen.status)) ||
        (before.kind === "waking" && (before.runs ?? input.running));
      if (runs) expect(after).toMatchObject({ kind: "stopping", whose: "foreign", phase: "dying" });
      else expect(after).toBe(before);
    });
  });

  it("takes a stop that was decided before a restart for done when it finds a pause: that may have been the method", () => {
    const paused: Sighting = {
      id: "a",
      status: "paused",
      run: "r1",
      unhealthy: false,
      restarts: false,
      stopTimeoutMs: 10_000,
    };
    const ctx: Context = {
      now: 0,
      mono: 0,
      hasDependencies: false,
      needsRoom: false,
      onManualStop: "nap",
      foreignStopGraceMs: 10_000,
      oneShot: false,
    };
    const running: Input = {
      type: "seen",
      sighting: { ...paused, status: "running" },
      stopIntent: { method: "pause", at: 0, until: 5_000 },
    };
    const resumed = transition(unlisted, running, ctx);
    expect(resumed).toMatchObject({ kind: "stopping", resumedUntil: 5_000 });
    for (const type of ["seen", "settled"] as const)
      expect(transition(resumed, { type, sighting: paused }, ctx)).toMatchObject({
        kind: "napping",
        how: "paused",
      });
  });

  it("starts nothing by itself while somebody else's stop is settling", () => {
    life((before, input, after) => {
      if (before.kind !== "stopping" || before.whose !== "foreign" || after.kind !== "waking") return;
      expect(input.type).toBe("settled");
      expect(before.wanted).toBeDefined();
    });
  });

  it("changes the work exactly when the state's kind changes or the work has to begin anew", () => {
    life((before, _, after) => {
      if (before === after) return;
      if (before.kind !== after.kind && taskOf(after) !== undefined)
        expect(taskOf(after)).not.toBe(taskOf(before));
      if (taskOf(after) !== undefined && taskOf(after) === taskOf(before))
        expect(after.kind).toBe(before.kind);
    });
  });

  it("is deterministic but for the identity of work", () => {
    const plain = (state: State): unknown => JSON.parse(JSON.stringify(state)) as unknown;
    life((before, input, after, ctx) => {
      expect(plain(transition(before, input, ctx))).toEqual(plain(after));
    });
  });
});
