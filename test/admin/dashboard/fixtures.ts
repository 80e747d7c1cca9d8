import type { AdminEvent } from "../../../src/admin/events/admin-event.ts";
import type { PoolFacts } from "../../../src/admin/facts/pool-facts.ts";
import type { AwakeSpan, StateWord, TargetFacts } from "../../../src/admin/facts/target-facts.ts";
import type { Evidence } from "../../../src/admin/ports.ts";
import type { WakeRecord } from "../../../src/store/store.ts";
import type { Progress } from "../../../src/watchers/progress.ts";

/** Sunday, 22 November 2026, 14:20:47 UTC: the moment of the reference pictures. */
export const NOW = Date.UTC(2026, 10, 22, 14, 20, 47);
const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const TODAY = Date.UTC(2026, 10, 22);

type Change = Partial<Omit<TargetFacts, "progress" | "why">> & {
  readonly progress?: Partial<Progress>;
  readonly why?: Partial<TargetFacts["why"]>;
};

/** A target's facts, asleep and unused unless changed. */
export function facts(name: string, state: StateWord, host: string, change: Change = {}): TargetFacts {
  const { progress, why, ...rest } = change;
  return {
    name,
    displayName: name,
    state,
    since: NOW - 3 * HOUR,
    asOf: NOW,
    hosts: host === "" ? [] : [host],
    place: "Docker, engine local",
    engine: "local",
    container: name,
    idleTimeoutMs: 15 * MIN,
    stopMethod: "stop",
    dependencyOnly: false,
    leases: [],
    neededBy: [],
    wakes: [],
    awake: [],
    unrecorded: [],
    memoryBytes: 512e6,
    dependencies: [],
    pools: [],
    ...rest,
    why: { evidence: [], notes: [], ...why },
    progress: {
      target: name,
      displayName: name,
      phase: "napping",
      asOf: NOW,
      steps: [],
      dependencies: [],
      ...progress,
    },
  };
}

/** Awake at these hours of each of the last `days` days: [from, to] in hours. */
function habit(
  hours: readonly (readonly [number, number])[],
  days = 7,
  skip: readonly number[] = [],
): AwakeSpan[] {
  const spans: AwakeSpan[] = [];
  for (let back = days - 1; back >= 0; back--) {
    if (skip.includes(back)) continue;
    for (const [i, [from, to]] of hours.entries()) {
      const wobble = (((back * 7 + i * 3) % 5) - 2) * 0.12;
      const begin = TODAY - back * DAY + (from + wobble) * HOUR;
      const end = TODAY - back * DAY + (to + wobble) * HOUR;
      if (begin < NOW) spans.push(end > NOW ? { from: begin } : { from: begin, to: end });
    }
  }
  return spans;
}

function wakes(total: number, n = 10, change: Partial<WakeRecord> = {}): WakeRecord[] {
  return Array.from({ length: n }, (_, i) => {
    const ms = total * (1 + (((i * 37) % 11) - 5) / 40);
    return {
      at: NOW - 38 * MIN - (n - 1 - i) * 7 * HOUR,
      from: "stopped",
      outcome: "ready",
      totalMs: ms,
      phases: { dependencies: ms * 0.32, starting: ms * 0.15, probing: ms * 0.53 },
      cause: {
        by: "request",
        method: "GET",
        path: i % 3 === 1 ? "/remote.php/dav" : "/",
        client: "192.168.1.20",
      },
      ...change,
    };
  });
}

function evidence(
  lines: readonly (readonly [source: string, label: string, detail: string, holding?: boolean])[],
): Evidence[] {
  return lines.map(([source, label, detail, holding = false]) => ({ source, label, detail, holding }));
}

const FAILURE = {
  reason: "out_of_memory",
  message: "immich ran out of memory while starting (exit code 137).",
  exitCode: 137,
  at: NOW - 19_000,
  tries: 7,
  nextTryAt: NOW + 41_000,
  log: ["14:20:24 INFO  loading model ViT-B-32", "14:20:26 INFO  warming up, 4 workers", "Killed"],
} as const;

/** Thirteen targets in all states, as in the reference pictures. */
export function fleet(): TargetFacts[] {
  const failedWakes = [4, 3, 2].map((ago): WakeRecord => ({
    at: NOW - ago * 40_000,
    from: "stopped",
    outcome: "failed",
    totalMs: 6_000,
    phases: { starting: 900, probing: 5_100 },
    cause: ago === 4 ? { by: "request", method: "GET", path: "/", client: "192.168.1.20" } : { by: "retry" },
    failure: "out of memory",
  }));
  return [
    facts("actual", "asleep", "budget.home.example", {
      since: NOW - 2 * DAY - 17 * HOUR,
      lastUseAt: NOW - 2 * DAY - 17 * HOUR,
      wakes: wakes(2_100),
      awake: [
        { from: TODAY - 6 * DAY + 18 * HOUR, to: TODAY - 6 * DAY + 19 * HOUR },
        { from: TODAY - 3 * DAY + 20 * HOUR, to: TODAY - 3 * DAY + 20.5 * HOUR },
      ],
    }),
    facts("forgejo", "waking", "git.home.example", {
      since: NOW - 4_000,
      wakes: wakes(9_000),
      awake: habit(
        [
          [9, 12],
          [13, 17],
        ],
        7,
        [0, 1],
      ),
      progress: {
        phase: "dependencies",
        steps: [
          { id: "dependencies", status: "active", ms: 4_000, done: 1, of: 2 },
          { id: "starting", status: "todo" },
          { id: "probing", status: "todo" },
        ],
        elapsedMs: 4_000,
        etaMs: 9_000,
        usuallyMs: 9_000,
        dependencies: [
          { name: "postgres", displayName: "postgres", status: "ready" },
          { name: "redis", displayName: "redis", status: "waking" },
        ],
      },
    }),
    facts("grafana", "starting", "metrics.home.example", {
      since: NOW - 5_000,
      wakes: wakes(6_000),
      awake: habit(
        [
          [9, 9.6],
          [16, 16.6],
        ],
        7,
        [0, 1, 4],
      ),
      progress: { phase: "probing", elapsedMs: 5_000, etaMs: 6_000, usuallyMs: 6_000 },
    }),
    facts("home-assistant", "awake", "home.example", {
      since: TODAY - 19 * DAY,
      wakes: wakes(14_500, 2),
      awake: [{ from: TODAY - 19 * DAY }],
      why: {
        pin: { by: "you", reason: "", at: TODAY - 19 * DAY + 9 * HOUR },
        evidence: evidence([["pin", "Pin", "no end", true]]),
      },
    }),
    facts("immich", "failed", "photos.home.example", {
      since: NOW - 19_000,
      wakes: [...wakes(9_100, 7), ...failedWakes],
      awake: habit([
        [7, 7.8],
        [12, 12.9],
        [19.5, 23.2],
      ]),
      dependencies: [
        {
          name: "postgres",
          displayName: "postgres",
          condition: "service_healthy",
          state: "awake",
          alsoFor: ["nextcloud"],
        },
      ],
      progress: {
        phase: "error",
        failure: FAILURE,
        steps: [
          { id: "starting", status: "done", ms: 900 },
          { id: "probing", status: "failed", ms: 5_100 },
        ],
      },
    }),
    facts("jellyfin", "awake", "films.home.example", {
      since: NOW - 69 * MIN,
      wakes: wakes(3_400),
      awake: habit([[20, 22.8]], 7).concat({ from: NOW - 69 * MIN }),
      why: {
        evidence: evidence([["connections", "Open connections", "2 open connections, 1.4 MB/s", true]]),
        line: {
          fact: "2 open connections, 1.4 MB/s",
          more: "In use for 1 h 9 min",
          next: "in use",
          nextMore: "stays awake",
        },
      },
    }),
    facts("minecraft", "paused", "", {
      place: "tcp :25565",
      since: NOW - 12 * MIN,
      lastUseAt: NOW - 27 * MIN,
      stopMethod: "pause",
      wakes: wakes(84),
      awake: habit(
        [
          [15, 17],
          [19, 22.5],
        ],
        7,
        [3, 4, 5, 6],
      ),
      why: { sleepsAt: NOW + 48 * MIN },
    }),
    facts("nextcloud", "awake", "cloud.home.example", {
      since: NOW - 38 * MIN,
      lastUseAt: NOW - 4 * MIN,
      wakes: wakes(7_000),
      awake: [
        ...habit(
          [
            [7, 8.8],
            [12, 13.4],
            [18.2, 21.8],
          ],
          7,
          [0],
        ),
        { from: TODAY + 7.1 * HOUR, to: TODAY + 8.5 * HOUR },
        { from: NOW - 38 * MIN },
      ],
      dependencies: [
        {
          name: "postgres",
          displayName: "postgres",
          condition: "service_healthy",
          state: "awake",
          alsoFor: ["forgejo"],
        },
        { name: "redis", displayName: "redis", condition: "service_started", state: "awake", alsoFor: [] },
      ],
      progress: { phase: "ready" },
      why: {
        sleepsAt: NOW + 11 * MIN,
        evidence: evidence([
          ["request", "Last request", "4 min ago, counts until 14:32", true],
          ["connections", "Open connections", "none"],
          ["network", "Network", "0.3 KB/s, noise is below 2 KB/s"],
          ["cpu", "CPU", "1 %, limit 10 %"],
          ["needed", "Needed by", "nothing awake"],
          ["pin", "Pin", "none"],
          ["schedule", "Schedule", "none"],
        ]),
      },
    }),
    facts("paperless", "closed", "docs.home.example", {
      wakes: wakes(10_000),
      awake: habit(
        [
          [10, 10.6],
          [16.5, 17],
        ],
        7,
        [0, 1],
      ),
      why: {
        mayNotWake: {
          kind: "schedule",
          rule: "Wakes Mon to Fri, 07:00 to 19:00",
          opensAt: TODAY + DAY + 7 * HOUR,
        },
      },
    }),
    facts("postgres", "awake", "", {
      place: "",
      dependencyOnly: true,
      since: NOW - 40 * MIN,
      wakes: wakes(1_900),
      awake: [
        ...habit(
          [
            [7, 9],
            [9.2, 17],
            [18, 22],
          ],
          7,
          [0],
        ),
        { from: NOW - 40 * MIN },
      ],
      neededBy: ["nextcloud", "forgejo"],
    }),
    facts("stirling-pdf", "asleep", "pdf.home.example", {
      since: TODAY - 10 * DAY + 9 * HOUR,
      unrecorded: [{ from: NOW - 70 * HOUR, to: NOW - 50 * HOUR }],
    }),
    facts("vaultwarden", "stopping", "vault.home.example", {
      wakes: wakes(1_000),
      awake: habit([
        [8, 8.4],
        [13, 13.5],
        [18, 18.3],
        [21, 21.6],
      ]),
      progress: { phase: "stopping", elapsedMs: 3_000, stopGraceMs: 10_000 },
    }),
    facts("win11", "unknown", "", {
      place: "pve1, VM 210",
      engine: "pve1",
      since: NOW - 22 * MIN,
      wakes: wakes(31_000, 5),
      awake: [{ from: TODAY - 6 * DAY + 34 * HOUR, to: TODAY - 6 * DAY + 36 * HOUR }],
      progress: {
        failure: {
          reason: "engine_away",
          message: "pve1 has not answered since 13:58",
          at: NOW - 22 * MIN,
          tries: 0,
        },
      },
    }),
  ];
}

/** Pools of every kind: full with somebody waiting, with paused ones, over its limit, free. */
export const pools: readonly PoolFacts[] = [
  {
    name: "gpu0",
    maxAwake: 1,
    awake: 1,
    usedBytes: 512e6,
    waiting: ["ollama", "immich"],
    members: [member("jellyfin", "awake"), member("ollama"), member("immich")],
  },
  {
    name: "previews",
    maxAwake: 4,
    awake: 5,
    usedBytes: 2.5e9,
    waiting: [],
    members: ["pr-12", "pr-31", "pr-33", "pr-40", "pr-41"].map((name) => member(name, "awake")),
  },
  {
    name: "ram",
    budgetBytes: 16 * 2 ** 30,
    awake: 2,
    usedBytes: 11 * 2 ** 30,
    waiting: [],
    members: [
      member("nextcloud", "awake", 6 * 2 ** 30),
      member("paperless", "memory", 2 * 2 ** 30),
      member("win11", "reserved", 3 * 2 ** 30),
    ],
  },
  { name: "spare", maxAwake: 2, awake: 0, usedBytes: 0, waiting: [], members: [] },
];

function member(
  name: string,
  holds?: PoolFacts["members"][number]["holds"],
  costBytes = 512e6,
): PoolFacts["members"][number] {
  return { name, displayName: name, ...(holds && { holds }), costBytes, costFrom: "measured" };
}

/** What happened to a target lately, oldest first. */
export function events(target: string): AdminEvent[] {
  const lines: readonly (readonly [AdminEvent["type"], number, string])[] = [
    ["stopping", 349, "Going to sleep"],
    ["asleep", 348.9, "Asleep, stopped in 2.1 s"],
    ["woken", 38.75, "Woken by GET / from 192.168.1.20"],
    ["waking_dep", 38.74, "Waking postgres and redis"],
    ["dep_ready", 38.72, "redis is ready"],
    ["dep_ready", 38.7, "postgres is ready"],
    ["starting", 38.69, "Starting"],
    ["probing", 38.68, "Probing"],
    ["ready", 38.62, "Ready after 7.0 s"],
  ];
  return lines.map(([type, ago, message], i) => ({
    id: `x-${String(i)}`,
    at: NOW - ago * MIN,
    type,
    target,
    displayName: target,
    message,
  }));
}
