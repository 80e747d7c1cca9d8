import { expect, it } from "vitest";
import { Agreements } from "../../../src/store/redis/agreements.ts";
import type { Script } from "../../../src/store/redis/link.ts";
import { ANSWER, REVOKE } from "../../../src/store/redis/scripts.ts";
import { timingOf } from "../../../src/store/redis/timing.ts";
import { BY_REQUEST, labels, rig } from "../../watchers/world.ts";

const timing = timingOf({ leaseMs: 10_000, lostGraceMs: 60_000 });
const ask = { instance: "x", method: "stop", withinMs: 1_000, force: true };

async function agreed() {
  const r = await rig({ setUp: (world) => void world.create("app", { labels: labels() }) });
  r.watcher("app").wake(BY_REQUEST);
  await r.clock.advance(5_000);
  const { state } = r.watcher("app");
  const run = state.kind === "ready" ? state.seen.run : "";
  const told: Script[] = [];
  const agreements = new Agreements({
    id: "b",
    link: {
      run: (script) => {
        told.push(script);
        return Promise.resolve(1);
      },
    },
    clock: r.clock,
    timing,
    store: r.store,
    watcher: (name) => r.registry.watcher(name),
    untold: () => false,
  });
  await agreements.asked("app", 7, JSON.stringify({ ...ask, run }));
  return { ...r, agreements, told, [Symbol.asyncDispose]: () => r[Symbol.asyncDispose]() };
}

it("an answer of Redis to an older question does not open the door to what was agreed since", async () => {
  await using r = await agreed();
  r.agreements.standing([], r.clock.monotonic() - 100);
  await r.clock.advance(10);
  expect(r.state("app")).toBe("stopping");
  r.agreements.standing([], r.clock.monotonic() + 1);
  await r.clock.advance(1_000);
  expect(r.state("app")).toBe("ready");
});

it("the word is given after the door was closed, and taken back once", async () => {
  await using r = await agreed();
  expect(r.told).toEqual([ANSWER]);
  r.agreements.wanted("app");
  r.agreements.wanted("app");
  expect(r.told).toEqual([ANSWER, REVOKE]);
  await r.clock.advance(1_000);
  expect(r.state("app")).toBe("ready");
});

it("when no word comes that it is over, the engine is asked at the end of its time", async () => {
  await using r = await agreed();
  r.agreements.lost();
  r.agreements.standing([], r.clock.monotonic() + 1);
  await r.clock.advance(15_000);
  expect(r.state("app")).toBe("stopping");
  await r.clock.advance(10_000);
  expect(r.state("app")).toBe("ready");
});
