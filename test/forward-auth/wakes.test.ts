import { describe, expect, it } from "vitest";
import type { RequestRights, WakeRate } from "../../src/config/model/rules.ts";
import { Judge } from "../../src/forward-auth/judge.ts";
import { Pollers } from "../../src/forward-auth/pollers.ts";
import type { RequestFacts } from "../../src/forward-auth/request-facts.ts";
import { FakeTarget, targetSpec } from "../support/fake-target.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { requestFacts } from "./facts.ts";

const DASHBOARD = { path: "/api/stats", userAgent: "Homepage/1.0", client: "10.0.0.7" };
const OTHER = { path: "/api/stats", userAgent: "Homarr/1.0", client: "10.0.0.8" };
const PERSON = { path: "/", userAgent: "Mozilla/5.0", client: "10.0.0.9", navigation: true };

/** A target with a judge before it, as the endpoint uses one. */
function stage(options: { rate?: WakeRate; pollers?: RequestRights } = {}) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const judge = new Judge({ clock, log, pollers: new Pollers(clock), wakeRate: () => options.rate ?? {} });
  const spec = targetSpec("blog", options.pollers && { pollers: options.pollers });
  const target = new FakeTarget(spec, { kind: "ready" });
  const ask = (changes: Partial<RequestFacts>): string => {
    const facts = requestFacts(changes);
    const standing = judge.arrives(facts, target, false);
    const verdict = judge.verdict(facts, target, standing, { heldMs: 0, mayHold: true });
    if (verdict.kind === "pass") judge.passes(facts, target, standing, verdict.counts);
    else if ("wake" in verdict && verdict.wake) judge.wakes(facts, target, standing);
    else if ("reason" in verdict && verdict.reason === "too_many_wakes") judge.refuses(facts, target);
    return "reason" in verdict ? verdict.reason : verdict.kind;
  };
  /** Polls so often, 30 s apart; the answers. A wake is over by the next poll. */
  const poll = async (times: number, ...who: readonly Partial<RequestFacts>[]): Promise<string[]> => {
    const answers: string[] = [];
    for (let turn = 0; turn < times; turn++) {
      answers.push(...who.map((each) => ask(each)));
      if (target.gate.kind === "coming") target.set({ kind: "ready" });
      await clock.advance(30_000);
    }
    return answers;
  };
  return { clock, log, judge, target, ask, poll };
}

describe("pollers of a target", () => {
  it("pass without being use, while others count", async () => {
    const { target, poll, ask } = stage();
    await poll(10, DASHBOARD);
    expect(target.touches).toHaveLength(5);
    expect(target.uncounted).toBe(5);
    ask(PERSON);
    expect(target.touches).toHaveLength(6);
  });

  it("count where the target says so, and do not wake where it says so", async () => {
    const counting = stage({ pollers: { wakes: true, counts: true } });
    await counting.poll(10, DASHBOARD);
    expect(counting.target.touches).toHaveLength(10);
    const { target, poll } = stage({ pollers: { wakes: false, counts: false } });
    await poll(6, DASHBOARD);
    target.set({ kind: "asleep" });
    expect(await poll(2, DASHBOARD)).toEqual(["may_not_wake", "may_not_wake"]);
  });
});

describe("the flapping guard", () => {
  it("stops a poller after three wakes until somebody else comes, and says so once with the rule", async () => {
    const { log, target, poll, ask } = stage();
    await poll(8, DASHBOARD);
    for (let round = 0; round < 3; round++) {
      target.set({ kind: "asleep" });
      expect((await poll(3, DASHBOARD))[0]).toBe("hold");
    }
    target.set({ kind: "asleep" });
    expect(await poll(3, DASHBOARD)).toEqual(["may_not_wake", "may_not_wake", "may_not_wake"]);
    expect(target.wakes).toHaveLength(3);
    expect(log.of("flapping")).toHaveLength(1);
    expect(log.of("flapping")[0]).toContain(
      'rules: { homepage: { match: { clients: ["10.0.0.7"], paths: ["/api/stats"] }, wakes: false } }',
    );
    expect(ask(PERSON)).toBe("waking");
    target.set({ kind: "asleep" });
    expect((await poll(1, DASHBOARD))[0]).toBe("hold");
  });

  it("is not deceived by two dashboards that take turns", async () => {
    const { target, poll } = stage();
    await poll(8, DASHBOARD, OTHER);
    let woken = 0;
    for (let round = 0; round < 10; round++) {
      target.set({ kind: "asleep" });
      await poll(3, ...(round % 2 === 0 ? [DASHBOARD, OTHER] : [OTHER, DASHBOARD]));
      if (target.gate.kind === "ready") woken += 1;
    }
    expect(woken).toBe(6);
  });

  it("leaves alone who wakes without a steady pace", async () => {
    const { target, ask, clock } = stage();
    for (const minutes of [20, 50, 33, 90, 24, 70]) {
      target.set({ kind: "asleep" });
      expect(ask({ ...DASHBOARD, path: "/feed" })).toBe("hold");
      await clock.advance(minutes * 60_000);
    }
    expect(target.wakes).toHaveLength(6);
  });
});

describe("the wake rate", () => {
  const perClient = { count: 2, perMs: 60_000 };
  const perTarget = { count: 3, perMs: 60_000 };

  it("bounds the wakes of a client and of a target; joiners are free", () => {
    const { target, ask } = stage({ rate: { perClient, perTarget } });
    const again = (client: string): string => {
      target.set({ kind: "asleep" });
      return ask({ client, method: "POST" });
    };
    expect([again("192.0.2.1"), again("192.0.2.1"), again("192.0.2.1")]).toEqual([
      "hold",
      "hold",
      "too_many_wakes",
    ]);
    expect([again("192.0.2.2"), again("192.0.2.3")]).toEqual(["hold", "too_many_wakes"]);
    target.set({ kind: "coming", state: "waking" });
    for (let joiner = 0; joiner < 50; joiner++) expect(ask({ client: "192.0.2.1" })).toBe("hold");
    target.set({ kind: "ready" });
    expect(ask({ client: "192.0.2.1" })).toBe("pass");
  });

  it("takes the first 64 bits of an IPv6 address for one client, whatever its spelling", () => {
    const { target, ask } = stage({ rate: { perClient } });
    const again = (client: string): string => {
      target.set({ kind: "asleep" });
      return ask({ client });
    };
    expect([again("2001:db8:0:1::1"), again("2001:0db8::1:0:0:0:2"), again("2001:db8:0:1:ffff::")]).toEqual([
      "hold",
      "hold",
      "too_many_wakes",
    ]);
    expect(again("2001:db8:0:2::1")).toBe("hold");
  });

  it("says so once a minute, with the number of requests", async () => {
    const { target, ask, log, clock } = stage({ rate: { perTarget: { count: 1, perMs: 3_600_000 } } });
    ask({});
    target.set({ kind: "asleep" });
    ask({});
    for (let turn = 0; turn < 5; turn++) {
      target.set({ kind: "asleep" });
      ask({});
    }
    expect(log.of("wake_limited")).toHaveLength(1);
    await clock.advance(60_000);
    ask({});
    expect(log.of("wake_limited")).toHaveLength(2);
    expect(log.of("wake_limited")[1]).toContain("(5 such requests");
  });
});
