import type { Progress, Step } from "../../watchers/progress.ts";
import type { PageInput } from "./render.ts";

/** A state of the page by name, for the demo, the gallery and the tests. */
export interface Sample {
  readonly name: string;
  readonly about: string;
  readonly progress: Progress;
  /** What the progress does not say. */
  readonly more?: Pick<PageInput, "mode" | "still">;
}

const DEPENDENCIES = [
  { name: "postgres", displayName: "postgres", status: "ready", ms: 1_800 },
  { name: "redis", displayName: "redis", status: "ready", ms: 2_100 },
] as const;

/** Every state of the page, at wall time `now`. */
export function samples(now: number): Sample[] {
  const base = { target: "paperless", displayName: "paperless", asOf: now, dependencies: DEPENDENCIES };
  const timed = { ...base, usuallyMs: 10_000, slowestMs: 24_000, deadlineMs: 60_000 };
  const asleep = {
    ...base,
    phase: "napping",
    steps: [],
    dependencies: [],
    asleepSince: now - 68_880_000,
  } as const;
  const failure = {
    reason: "out_of_memory",
    message: "the container ran out of memory",
    exitCode: 137,
    at: now - 2_000,
    tries: 4,
    nextTryAt: now + 6_000,
    log: ["INFO  loading 41 208 documents", "INFO  building search index", "Killed"],
  } as const;
  const failed = { ...base, phase: "error", steps: steps("failed", 4_200) } as const;
  const waking = { ...timed, phase: "dependencies", elapsedMs: 4_000, etaMs: 10_000 } as const;
  const probing = { ...timed, phase: "probing", etaMs: 10_000 } as const;
  const room = {
    ...timed,
    phase: "room",
    elapsedMs: 4_000,
    dependencies: [],
    steps: [
      { id: "room", status: "active", ms: 4_000 },
      { id: "starting", status: "todo" },
      { id: "probing", status: "todo" },
    ],
  } as const;
  const ready = { ...timed, phase: "ready", tookMs: 9_400, steps: steps("done", 5_900) } as const;
  return [
    {
      name: "waking",
      about: "the services it needs are waking",
      progress: {
        ...waking,
        dependencies: [DEPENDENCIES[0], { name: "redis", displayName: "redis", status: "waking", ms: 4_000 }],
        steps: [
          { id: "dependencies", status: "active", ms: 4_000, done: 1, of: 2 },
          { id: "starting", status: "todo" },
          { id: "probing", status: "todo" },
        ],
      },
    },
    {
      name: "waits",
      about: "a backup has to finish first",
      progress: {
        ...timed,
        phase: "starting",
        elapsedMs: 40_000,
        etaMs: 10_000,
        deadlineMs: 180_000,
        dependencies: [],
        waitsFor: "CT 104 is locked (backup)",
        steps: [
          { id: "starting", status: "active", ms: 40_000 },
          { id: "probing", status: "todo" },
        ],
      },
    },
    {
      name: "starting",
      about: "the app itself is starting",
      progress: {
        ...timed,
        phase: "starting",
        elapsedMs: 3_600,
        etaMs: 10_000,
        steps: [
          { id: "dependencies", status: "done", ms: 2_100, done: 2, of: 2 },
          { id: "starting", status: "active", ms: 1_500 },
          { id: "probing", status: "todo" },
        ],
      },
    },
    {
      name: "probing",
      about: "waiting for its first answer",
      progress: { ...probing, elapsedMs: 7_000, steps: steps("active", 3_000) },
    },
    {
      name: "first",
      about: "first wake, no estimate",
      progress: {
        ...base,
        phase: "starting",
        elapsedMs: 4_000,
        deadlineMs: 60_000,
        steps: [
          { id: "dependencies", status: "done", ms: 2_100, done: 2, of: 2 },
          { id: "starting", status: "active", ms: 2_000 },
          { id: "probing", status: "todo" },
        ],
      },
    },
    {
      name: "almost",
      about: "less than a second left",
      progress: { ...probing, elapsedMs: 10_000, steps: steps("active", 6_000) },
    },
    {
      name: "overdue",
      about: "longer than usual",
      progress: { ...probing, elapsedMs: 18_000, steps: steps("active", 14_000) },
    },
    {
      name: "room",
      about: "others have to make room first, and some wait before it",
      progress: { ...room, room: { before: 2, pools: ["ram"], yields: [] } },
    },
    {
      name: "next",
      about: "it is next, and somebody makes room for it",
      progress: { ...room, etaMs: 19_000, room: { before: 0, pools: ["ram"], yields: ["immich"] } },
    },
    {
      name: "stopping",
      about: "it was just going to sleep",
      progress: {
        ...timed,
        phase: "stopping",
        elapsedMs: 3_000,
        etaMs: 17_500,
        stopGraceMs: 10_000,
        dependencies: DEPENDENCIES.map(({ name }) => ({
          name,
          displayName: name,
          status: "waiting" as const,
        })),
        steps: [
          { id: "stopping", status: "active", ms: 3_000 },
          { id: "dependencies", status: "todo" },
          { id: "starting", status: "todo" },
          { id: "probing", status: "todo" },
        ],
      },
    },
    {
      name: "stopped-outside",
      about: "stopped outside Wakegate, and down",
      progress: {
        ...timed,
        phase: "stopping",
        elapsedMs: 3_000,
        etaMs: 17_500,
        stopGraceMs: 10_000,
        stoppedOutside: { wakesInMs: 8_000 },
        dependencies: DEPENDENCIES.map(({ name }) => ({
          name,
          displayName: name,
          status: "waiting" as const,
        })),
        steps: [
          { id: "stopping", status: "active", ms: 3_000 },
          { id: "dependencies", status: "todo" },
          { id: "starting", status: "todo" },
          { id: "probing", status: "todo" },
        ],
      },
    },
    { name: "ready", about: "awake, opening", progress: ready },
    { name: "away", about: "awake, not reachable here", progress: ready, more: { mode: "away" } },
    { name: "guard", about: "the page came back 3 times", progress: ready, more: { mode: "guard" } },
    { name: "failed", about: "failed to wake, will retry", progress: { ...failed, failure } },
    {
      name: "final",
      about: "failed to wake, no more tries",
      progress: { ...failed, failure: { ...failure, tries: 5, nextTryAt: now + 2_200_000, final: true } },
    },
    { name: "gone", about: "not on its machine", progress: { ...asleep, phase: "missing" } },
    {
      name: "engine-away",
      about: "its machine does not answer",
      progress: {
        ...asleep,
        phase: "missing",
        failure: { reason: "engine_away", message: "lab does not answer", at: now - 60_000, tries: 0 },
      },
    },
    {
      name: "nobody",
      about: "a host of a rule that no container has",
      progress: { ...asleep, phase: "missing", target: "pr-3", displayName: "pr-3" },
      more: { still: { heading: "pr-3 was merged or closed" } },
    },
    {
      name: "schedule",
      about: "may not wake before a time",
      progress: {
        ...asleep,
        mayNotWake: {
          kind: "schedule",
          opensAt: now + 18_720_000,
          rule: "Wakes only Mon to Fri, 07:00 to 19:00",
        },
      },
    },
    {
      name: "rule",
      about: "this request may not wake it",
      progress: { ...asleep, mayNotWake: { kind: "rule", rule: "Only from 192.0.2.0/24" } },
    },
    {
      name: "hold",
      about: "held down by hand",
      progress: {
        ...asleep,
        mayNotWake: { kind: "hold", reason: "Held for the backup", until: now + 2_400_000 },
      },
    },
    {
      name: "start",
      about: "wakes only from its start page",
      progress: { ...asleep, mayNotWake: { kind: "start_endpoint", path: "/start" } },
    },
  ];
}

function steps(last: "active" | "done" | "failed", ms: number): Step[] {
  return [
    { id: "dependencies", status: "done", ms: 2_100, done: 2, of: 2 },
    { id: "starting", status: "done", ms: 1_400 },
    { id: "probing", status: last, ms },
  ];
}
