import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_POLLERS, Pollers } from "../../src/forward-auth/pollers.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { requestFacts } from "./facts.ts";

const POLL = requestFacts({ path: "/api/stats", userAgent: "Homepage/1.0", client: "10.0.0.7" });

function start(max?: number) {
  const clock = new VirtualClock();
  return { clock, pollers: new Pollers(clock, max) };
}

/** Asks after each of the intervals; the answers, the first request's included. */
async function ask(intervals: readonly number[], facts = POLL, { clock, pollers } = start()) {
  const answers = [pollers.note("blog", facts)];
  for (const ms of intervals) {
    await clock.advance(ms);
    answers.push(pollers.note("blog", facts));
  }
  return answers;
}

const steady = (count: number, ms = 30_000): number[] => Array.from({ length: count }, () => ms);

/** Even numbers from 0 to 1, the same for the same seed. */
function randomNumbers(seed: number, count: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  });
}

describe("Pollers", () => {
  it("know a poller by its sixth request", async () => {
    expect(await ask(steady(6))).toEqual([false, false, false, false, false, true, true]);
  });

  it("tell who it is", async () => {
    const world = start();
    await ask(steady(7), POLL, world);
    expect(world.pollers.of("blog")).toEqual([
      {
        client: "10.0.0.7",
        userAgent: "Homepage/1.0",
        method: "GET",
        path: "/api/stats",
        everyMs: 30_000,
        since: world.clock.now() - 210_000,
        acts: true,
      },
    ]);
    expect(world.pollers.of("blo")).toEqual([]);
    expect(world.pollers.has("blog", POLL)).toBe(true);
    await world.clock.advance(91_000);
    expect(world.pollers.of("blog")).toEqual([]);
  });

  it("find every steady rhythm between 2 s and 1 h, with the jitter that networks have", async () => {
    const rhythms = fc.tuple(
      fc.integer({ min: 2500, max: 3_400_000 }),
      fc.array(fc.double({ min: -0.03, max: 0.03, noNaN: true }), { minLength: 5, maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(rhythms, async ([ms, jitter]) => {
        const answers = await ask(jitter.map((part) => ms * (1 + part)));
        expect(answers.indexOf(true)).toBe(5);
        expect(answers.slice(5)).not.toContain(false);
      }),
      { numRuns: 50 },
    );
  });

  it("leave quicker and slower ones alone", async () => {
    expect(await ask(steady(12, 1500))).not.toContain(true);
    expect(await ask(steady(8, 3_700_000))).not.toContain(true);
  });

  it("take people for people", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1 }), async (seed) => {
        // Exponential pauses around 20 s, as somebody makes who reads and clicks.
        const pauses = randomNumbers(seed, 300).map((part) => 500 - Math.log(1 - part) * 20_000);
        const answers = await ask(pauses);
        expect(answers.filter((answer) => answer).length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 20, seed: 4 },
    );
  });

  it("count at once when the rhythm changes, and learn it anew", async () => {
    const answers = await ask([...steady(8), 7000, ...steady(6)]);
    expect(answers.slice(6, 9)).toEqual([true, true, true]);
    expect(answers.slice(9)).toEqual([false, false, false, false, false, true, true]);
  });

  it("forgive a poller that misses a turn or two", async () => {
    const answers = await ask([...steady(6), 60_000, ...steady(2), 90_000, ...steady(1), 120_000]);
    expect(answers.slice(6, 12)).not.toContain(false);
    expect(answers.at(-1)).toBe(false);
  });

  it("take a burst for one turn", async () => {
    const bursts = [20, 20, 29_960, 20, 20, 29_960, 20, 20, 29_960, 20, 20, 29_960, 20, 20, 29_960, 20];
    expect((await ask(bursts)).slice(-2)).toEqual([true, true]);
  });

  it("tell clients, paths, user agents, methods and targets apart", async () => {
    const { clock, pollers } = start();
    const others = [{ client: "10.0.0.8" }, { path: "/" }, { userAgent: "x" }, { method: "HEAD" }];
    for (let turn = 0; turn < 8; turn++) {
      pollers.note("blog", POLL);
      await clock.advance(30_000);
    }
    expect(pollers.note("blog", POLL)).toBe(true);
    expect(others.map((other) => pollers.note("blog", requestFacts({ ...POLL, ...other })))).not.toContain(
      true,
    );
    expect(pollers.note("other", POLL)).toBe(false);
  });

  it("let what may change something count, but tell of it", async () => {
    const world = start();
    expect(await ask(steady(9), requestFacts({ ...POLL, method: "POST" }), world)).not.toContain(true);
    expect(world.pollers.of("blog")).toMatchObject([{ method: "POST", acts: false }]);
  });

  it("never take the handshake of a session for a poll", async () => {
    expect(await ask(steady(9), requestFacts({ ...POLL, longLived: true }))).not.toContain(true);
  });

  it("hold a bounded number of keys, whoever asks for whatever", async () => {
    const { pollers } = start();
    const long = requestFacts({ path: `/${"x".repeat(100_000)}` });
    expect(pollers.note("blog", long)).toBe(false);
    expect(pollers.note("blog", requestFacts({ userAgent: "x".repeat(100_000) }))).toBe(false);
    expect(pollers.size).toBe(0);
    let most = 0;
    for (let key = 0; key < 3 * MAX_POLLERS; key++) {
      pollers.note("blog", requestFacts({ path: `/${String(key)}`, client: `10.0.0.${String(key % 250)}` }));
      most = Math.max(most, pollers.size);
    }
    expect(most).toBeLessThanOrEqual(MAX_POLLERS);
  });
});
