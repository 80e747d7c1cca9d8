import { Random } from "../random.ts";
import type { Call, Fate } from "../world/mischief.ts";
import { putInPools } from "./put-in-pools.ts";
import { makeApps, type App } from "./apps.ts";
import type { Action, Cue, Deed, Hand, LateAnswer, OrderKind } from "./deed.ts";

/** Everything that one seed stands for. */
export interface Schedule {
  readonly seed: number;
  readonly apps: readonly App[];
  readonly actions: readonly Action[];
  /** Ms after which the engine tells the truth and nobody does anything any more. */
  readonly endsAt: number;
}

const HOUR_MS = 3_600_000;
const LEAST_MS = 60_000;
const MOST_MS = 240_000;

/** The schedule of a seed. Pure. */
export function generate(seed: number): Schedule {
  const random = new Random(seed);
  const apps = putInPools(makeApps(random), new Random(seed + 0x9001));
  const endsAt = random.int(LEAST_MS, MOST_MS);
  // Some worlds are wild, some calm: in a wild one nothing lives long enough to be put to sleep.
  const wildness = random.pick([0.3, 1, 1, 3]);
  const actions: Action[] = [];
  const count = random.int(10, 60);
  for (let at = 0; actions.length < count;) {
    at = random.int(0, endsAt);
    // What goes wrong goes wrong together.
    for (let burst = random.int(1, 4); burst > 0 && actions.length < count; burst--) {
      const cue = random.chance(0.5)
        ? makeCue(
            random,
            apps.filter(({ owner }) => owner !== "not ours"),
          )
        : undefined;
      actions.push({
        index: 0,
        at: at + random.delay(3_000),
        ...(cue && { cue }),
        afterCue: cue ? random.delay(random.pick([5, 50, 3_000])) : 0,
        deed: cue?.on === "looked" ? visitTo(random, cue.target) : makeDeed(random, apps, wildness),
      });
    }
  }
  const inOrder = actions.sort((a, b) => a.at - b.at);
  const all = [...inOrder, ...aim(new Random(seed + 0xa13), apps, endsAt)];
  return { seed, apps, endsAt, actions: all.map((action, index) => ({ ...action, index })) };
}

/** Deeds for states that last only a moment, and for faults of one container or of observers. Many seeds have none. */
function aim(random: Random, apps: readonly App[], endsAt: number): readonly Omit<Action, "index">[] {
  if (random.chance(0.3)) return [];
  const ours = apps.filter(({ owner }) => owner !== "not ours");
  return Array.from({ length: random.int(1, 10) }, () => {
    const target = random.pick(ours).name;
    const to = random.pick(STATES);
    const deed = random.weighted<() => Deed>([
      [5, () => ({ do: "late answer", target, input: random.pick(LATE_ANSWERS) })],
      [3, () => ({ do: "order", target, order: random.pick(["retry", "retry", "wake"]), forMs: 1_000 })],
      [2, () => ({ do: "jump", ms: random.pick([-1, 1]) * random.delay(7_200_000) })],
      [2, () => ({ do: "repeat event", box: target, cause: "signalled" })],
      [
        1,
        () => ({
          do: "break inspect",
          box: target,
          how: random.pick(["fails", "hangs"]),
          forMs: random.delay(60_000),
        }),
      ],
      [1, () => ({ do: "break observers", forMs: random.delay(60_000) })],
    ])();
    return {
      at: random.int(0, endsAt),
      cue: { on: "moved", target, to },
      afterCue: random.chance(0.5) ? 0 : random.delay(random.pick([5, 500, 3_000])),
      deed,
    };
  });
}

const STATES = [
  "waking",
  "waking",
  "starting",
  "ready",
  "stopping",
  "stopping",
  "napping",
  "error",
  "missing",
];

const LATE_ANSWERS: readonly LateAnswer[] = [
  "room",
  "dependencies-ready",
  "called",
  "wake-failed",
  "proved",
  "sleep",
  "stop-called",
  "sleep-failed",
  "sleep-dropped",
  "settled",
];

function makeCue(random: Random, apps: readonly App[]): Cue {
  const target = random.pick(apps).name;
  if (random.chance(0.2)) return { on: "looked", target };
  if (random.chance(0.4)) {
    return { on: random.pick(["calls", "called"]), method: random.pick(["wake", "sleep"]), target };
  }
  const to = random.pick([
    "waking",
    "starting",
    "ready",
    "stopping",
    "stopping",
    "napping",
    "error",
    "missing",
  ]);
  return { on: "moved", target, to };
}

function makeDeed(random: Random, apps: readonly App[], wildness: number): Deed {
  const box = random.pick(apps).name;
  const target = random.pick(apps.filter(({ owner }) => owner !== "not ours")).name;
  const streams = apps.filter(({ tcpPort }) => tcpPort !== undefined);
  const site = random.pick(apps.filter(({ labels }) => "wakegate.hosts" in labels)).name;
  const client = random.int(1, 4);
  return random.weighted<() => Deed>([
    [30, () => visitTo(random, site)],
    [2, () => ({ do: "follow", target, forMs: random.delay(60_000) })],
    [
      streams.length * 8,
      () => ({
        do: "connect",
        target: random.pick(streams).name,
        client,
        forMs: random.delay(60_000),
        talks: random.chance(0.5),
      }),
    ],
    [8 * wildness, () => ({ do: "hand", box, how: random.pick(HANDS), stopMs: random.delay(3_000) })],
    [
      3 * wildness,
      () => ({ do: "crash", box, code: random.pick([0, 1, 137, 143]), oomKilled: random.chance(0.2) }),
    ],
    [
      3 * wildness,
      () => ({
        do: "behave",
        box,
        how: random.pick(["hangs", "well", "well", "boots slowly", "dies early", "stops slowly"]),
      }),
    ],
    [2 * wildness, () => ({ do: "health", box, health: random.pick(["healthy", "unhealthy"]) })],
    [
      3,
      () => ({
        do: "traffic",
        box: target,
        bytesPerSecond: random.pick([500, 20_000]),
        forMs: random.delay(60_000),
      }),
    ],
    [10 * wildness, () => makeFate(random)],
    [
      4 * wildness,
      () => ({
        do: "events",
        forMs: random.delay(60_000),
        mode: {
          lost: random.pick([0, 0.5, 1]),
          repeated: random.pick([0, 0.5]),
          delayMs: random.pick([5, 500, 8_000]),
        },
      }),
    ],
    [
      2 * wildness,
      () => ({
        do: "lie",
        box,
        lie: random.pick(["as before", "running", "exited", "gone"]),
        forMs: random.delay(10_000),
      }),
    ],
    [1.5 * wildness, () => ({ do: "outage", forMs: random.delay(20_000), noticed: random.chance(0.7) })],
    [1 * wildness, () => ({ do: "engine restart", downMs: random.delay(5_000) })],
    [1, () => ({ do: "relist" })],
    [
      3 * wildness,
      () => ({ do: "repeat event", box, cause: random.pick(["started", "died", "destroyed", "signalled"]) }),
    ],
    [
      4,
      () => ({ do: "kill", share: random.next(), power: random.chance(0.3), downMs: random.delay(20_000) }),
    ],
    [1, () => ({ do: "restart", downMs: random.delay(5_000) })],
    [1, () => ({ do: "stall", forMs: random.delay(60_000) })],
    [1, () => ({ do: "jump", ms: random.pick([-1, 1]) * random.delay(7_200_000) })],
    [2, () => ({ do: "disk", how: random.pick(["full", "slow"]), forMs: random.delay(30_000) })],
    [
      5,
      () => ({
        do: "order",
        target,
        order: random.pick(ORDERS),
        forMs: random.delay(random.chance(0.2) ? HOUR_MS : 60_000),
      }),
    ],
    [1, () => ({ do: "reload", variant: random.int(0, 2) })],
  ])();
}

function visitTo(random: Random, target: string): Deed {
  return {
    do: "visit",
    target,
    client: random.int(1, 4),
    kind: random.pick(["api", "api", "navigation", "post", "websocket"]),
    patienceMs: random.chance(0.3) ? random.delay(5_000) : 60_000,
  };
}

const HANDS: readonly Hand[] = [
  "start",
  "stop",
  "stop",
  "kill",
  "pause",
  "unpause",
  "remove",
  "create",
  "update",
  "recreate",
];
const ORDERS: readonly OrderKind[] = [
  "pin",
  "unpin",
  "hold",
  "release",
  "lease",
  "sleep",
  "force",
  "retry",
  "wake",
];

function makeFate(random: Random): Deed {
  const call = random.weighted<Call>([
    [4, "inspect"],
    [1, "list"],
    [4, "wake"],
    [4, "sleep"],
    [1, "usage"],
    [1, "exec"],
    [0.5, "logs"],
  ]);
  const fate = random.weighted<Fate>([
    [3, { kind: "fails" }],
    [2, { kind: "answer lost" }],
    [1, { kind: "hangs" }],
    [4, { kind: "slow", beforeMs: random.delay(8_000), afterMs: random.delay(8_000) }],
  ]);
  // A start or stop that never ends blocks its target for a quarter of an hour, and says nothing new after that.
  const patient = fate.kind === "hangs" && (call === "wake" || call === "sleep");
  const bounded: Fate = patient ? { kind: "slow", beforeMs: 40_000, afterMs: 0 } : fate;
  return { do: "fate", call, fate: bounded, times: random.int(1, 3) };
}
