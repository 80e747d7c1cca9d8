import { describe, expect, it } from "vitest";
import { firstTier } from "../../src/watchers/tiers.ts";
import { whyOf, type WhyInput } from "../../src/watchers/why.ts";
import { pauseRisk } from "../../src/watchers/pause-risk.ts";
import type { Ready, Sighting } from "../../src/watchers/state.ts";
import { targetSpec } from "../support/fake-target.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 22, 14, 0);
const seen: Sighting = {
  id: "a",
  status: "running",
  run: "r",
  unhealthy: false,
  restarts: false,
  stopTimeoutMs: 10_000,
};
const ready: Ready = {
  kind: "ready",
  task: Symbol(),
  seen,
  since: NOW - 7 * 24 * 60 * MINUTE,
  tookMs: 900,
  began: 0,
};

/** A ready target that nobody uses; `changes` win. */
function input(changes: Partial<WhyInput> = {}): WhyInput {
  return {
    spec: targetSpec("cloud", { idleTimeoutMs: 15 * MINUTE }),
    state: ready,
    engine: "local",
    now: NOW,
    mono: 7 * 24 * 60 * MINUTE,
    unusedMs: 4 * MINUTE,
    users: [],
    holders: [],
    dueInMs: 11 * MINUTE,
    learned: {},
    sees: { connections: true, counters: true },
    timeZone: "UTC",
    ...changes,
  };
}

describe("whyOf()", () => {
  it("tells a target that waits for its idle time", () => {
    expect(whyOf(input({ sinceRequestMs: 4 * MINUTE }))).toMatchObject({
      heading: "Why it is awake",
      fact: "Last request 4 min ago",
      more: "Nothing else holds it awake",
      next: { value: "11 min", what: "until asleep" },
      blindTo: [],
    });
  });

  it("names who polls it, and the rule to copy", () => {
    const userAgent = "Mozilla/5.0 (Linux) mirall/3.14";
    const use = { kind: "request", client: "10.0.0.5", path: "/status.php", userAgent } as const;
    const mono = 7 * 24 * 60 * MINUTE;
    const users = [{ use, count: 121, first: mono - 60 * MINUTE, last: mono }];
    expect(whyOf(input({ users, mono })).notSlept).toMatchObject({
      text: `Not slept for 7 d: ${userAgent} asks for /status.php every 30 s`,
      suggestion: {
        key: "rules",
        value: { mozilla: { match: { user_agents: [userAgent], paths: ["/status.php"] }, counts: false } },
      },
    });
  });

  it("lists every source, also those that say no, and marks those that hold it", () => {
    const lastLook = {
      at: NOW - 20_000,
      inUse: true,
      evidence: [
        { source: "connections", kind: "quiet", detail: "none open" },
        { source: "busy_check", kind: "in-use", detail: "jobs is 3" },
      ],
    } as const;
    const why = whyOf(input({ lastLook, heldSince: NOW - 69 * MINUTE, sinceRequestMs: 4 * MINUTE }));
    expect(why).toMatchObject({
      fact: "Busy: jobs is 3",
      more: "Looked 20 s ago",
      next: { value: "awake", what: "while it is in use" },
    });
    expect(why.sources.map(({ label, holds, text }) => `${label}${holds ? "*" : ""}: ${text}`)).toEqual([
      "Last request*: 4 min ago",
      "Open connections: none open",
      "Network: not asked in the last look",
      "CPU: not asked in the last look",
      "Busy check*: jobs is 3",
      "Needed by: nobody",
      "Pin: none",
      "Schedule: nothing now",
    ]);
  });

  it("shortens a long list of those who need it", () => {
    const who = ["app", "admin", "worker", "cron"];
    const holders = [{ source: "needed", kind: "in-use", detail: who.join(", "), who } as const];
    expect(whyOf(input({ holders })).fact).toBe("Needed by app, admin and 2 more");
  });

  it("says what nobody would notice", () => {
    expect(whyOf(input({ sees: { connections: false, counters: false } })).blindTo).toHaveLength(2);
  });

  it("tells asleep, closed hours, holds, failures and missing ones in their own words", () => {
    const napping = { kind: "napping", how: "stopped", since: NOW - 65 * 60 * MINUTE, held: false } as const;
    const line = (changes: Partial<WhyInput>) => {
      const { fact, more, next } = whyOf(input(changes));
      return [fact, more, next.value, next.what].join(" | ");
    };
    expect(line({ state: napping, lastActivity: NOW - 66 * 60 * MINUTE })).toBe(
      "Asleep for 2 d 17 h | Last used Thu 20:00 | – | ",
    );
    const opensAt = NOW + 17 * 60 * MINUTE;
    expect(line({ state: napping, mayNotWake: { kind: "schedule", opensAt, rule: "19:00 to 07:00" } })).toBe(
      "May not wake: outside its hours | Does not wake 19:00 to 07:00 | from Mon 07:00 | it may wake again",
    );
    expect(line({ state: napping, mayNotWake: { kind: "hold", reason: "backup" } })).toContain(
      "Kept asleep: backup",
    );
    const gone = { kind: "missing", why: "gone", message: "", since: NOW - 110 * MINUTE } as const;
    expect(line({ state: gone })).toBe("Does not exist on its engine | Route kept since 12:10 | – | ");
  });

  it("says what comes next in one phrase", () => {
    const phrase = (changes: Partial<WhyInput>) => {
      const { next } = whyOf(input(changes));
      return `${next.value} ${next.what}`.trim();
    };
    const holder = (source: "lease" | "needed" | "pin" | "schedule", numbers = {}) => ({
      holders: [{ source, kind: "in-use", detail: "it", who: ["it"], numbers } as const],
    });
    const napping = { kind: "napping", how: "stopped", since: NOW, held: false } as const;
    const failure = { reason: "no_answer", message: "no answer", at: NOW, tries: 2 } as const;
    const error = { kind: "error", failure, seen, until: 0 } as unknown as WhyInput["state"];
    expect({
      idle: phrase({}),
      pinned: phrase({ ...holder("pin"), pin: { at: NOW } }),
      pinnedUntil: phrase({ ...holder("pin"), pin: { at: NOW, until: NOW + 60 * MINUTE } }),
      lease: phrase(holder("lease")),
      needed: phrase(holder("needed")),
      schedule: phrase(holder("schedule", { until: NOW + 60 * MINUTE })),
      noIdleTimeout: (() => {
        const { dueInMs: _, ...rest } = input();
        const { next } = whyOf(rest);
        return `${next.value} ${next.what}`;
      })(),
      sleepLock: phrase({
        state: napping,
        mayNotWake: { kind: "hold", reason: "x", until: NOW + 60 * MINUTE },
      }),
      failed: phrase({ state: error }),
    }).toMatchInlineSnapshot(`
      {
        "failed": "a new try with the next request",
        "idle": "11 min until asleep",
        "lease": "awake while it is in use",
        "needed": "awake while it is needed",
        "noIdleTimeout": "awake until somebody stops it",
        "pinned": "awake until it is unpinned",
        "pinnedUntil": "awake until 15:00",
        "schedule": "from 15:00 it may sleep again",
        "sleepLock": "from 15:00 it may wake again",
      }
    `);
  });

  it("says who woke it", () => {
    const cause = { by: "request", client: "10.0.0.5", method: "GET", host: "cloud.lan", path: "/" } as const;
    const lastWake = {
      at: NOW - MINUTE,
      from: "stopped",
      outcome: "ready",
      totalMs: 900,
      phases: {},
      cause,
    } as const;
    expect(whyOf(input({ lastWake })).wokenBy?.text).toBe(
      "Woken 13:59 by a request of 10.0.0.5, GET cloud.lan/",
    );
  });
});

describe("pauseRisk()", () => {
  const paused = targetSpec("x", { pauseAfterMs: 1 });

  it.each([
    ["itzg/minecraft-server:latest", {}, /watchdog/],
    ["quay.io/coreos/etcd", {}, /cluster/],
    ["ollama/ollama", { gpu: true }, /graphics card/],
  ] as const)("warns of %s", (image, more, words) => {
    expect(pauseRisk(paused, { image, ...more })).toMatch(words);
  });

  it("says nothing of others, and of what is stopped", () => {
    expect(pauseRisk(paused, { image: "jellyfin/jellyfin" })).toBeUndefined();
    expect(pauseRisk(targetSpec("x"), { image: "itzg/minecraft-server" })).toBeUndefined();
    expect(firstTier(paused).method).toBe("pause");
  });
});
