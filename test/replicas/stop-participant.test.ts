import { expect, it } from "vitest";
import { timingOf } from "../../src/replicas/protocol.ts";
import type { Script } from "../../src/replicas/redis.ts";
import { CONSENT, WITHDRAW } from "../../src/replicas/scripts.ts";
import { StopParticipant } from "../../src/replicas/stops.ts";
import { BY_REQUEST, labels, rig } from "../watchers/world.ts";

const timing = timingOf({ leaseMs: 10_000, lostGraceMs: 60_000 });
const question = { instance: "x", method: "stop", withinMs: 1_000, force: true };

async function consented() {
  const r = await rig({ setUp: (world) => void world.create("app", { labels: labels() }) });
  r.watcher("app").wake(BY_REQUEST);
  await r.clock.advance(5_000);
  const { state } = r.watcher("app");
  const run = state.kind === "ready" ? state.seen.run : "";
  const sent: Script[] = [];
  const participant = new StopParticipant({
    id: "b",
    redis: {
      run: (script) => {
        sent.push(script);
        return Promise.resolve(1);
      },
    },
    clock: r.clock,
    timing,
    store: r.store,
    watcher: (name) => r.registry.watcher(name),
    hasUnsentUse: () => false,
  });
  await participant.asked("app", 7, JSON.stringify({ ...question, run }));
  return { ...r, participant, sent, [Symbol.asyncDispose]: () => r[Symbol.asyncDispose]() };
}

it("StopParticipant keeps a consent that is newer than the list of stops", async () => {
  await using r = await consented();
  r.participant.reconcile([], r.clock.monotonic() - 100);
  await r.clock.advance(10);
  expect(r.state("app")).toBe("stopping");
  r.participant.reconcile([], r.clock.monotonic() + 1);
  await r.clock.advance(1_000);
  expect(r.state("app")).toBe("ready");
});

it("StopParticipant stops requests before it consents, and withdraws once", async () => {
  await using r = await consented();
  expect(r.sent).toEqual([CONSENT]);
  r.participant.wanted("app");
  r.participant.wanted("app");
  expect(r.sent).toEqual([CONSENT, WITHDRAW]);
  await r.clock.advance(1_000);
  expect(r.state("app")).toBe("ready");
});

it("StopParticipant asks the engine when a consent expires without a message", async () => {
  await using r = await consented();
  r.participant.forget();
  r.participant.reconcile([], r.clock.monotonic() + 1);
  await r.clock.advance(15_000);
  expect(r.state("app")).toBe("stopping");
  await r.clock.advance(10_000);
  expect(r.state("app")).toBe("ready");
});
