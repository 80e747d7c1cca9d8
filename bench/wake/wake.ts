import { startWakegate, type RunningWakegate } from "../../test/e2e/support/wakegate.ts";
import { startDockerd } from "../../test/support/dockerd.ts";
import { RawDocker } from "../../test/support/raw-docker.ts";
import type { Bench, Figure } from "../support/bench.ts";
import { askVerdict } from "../support/ask.ts";
import { builtMain } from "../support/built.ts";
import { until } from "../support/metrics.ts";
import { median, quantile, rounded } from "../support/statistics.ts";
import { bootOf, makeApp, untilAnswers, type App } from "./apps.ts";
import { openTap, type EngineTap } from "./engine-tap.ts";

const BOOT_MS = 200;

interface Place {
  readonly docker: RawDocker;
  readonly wakegate: RunningWakegate;
  readonly tap: EngineTap;
}

/** Real containers of a real dockerd, woken by a held request. */
export const wake: Bench = {
  name: "wake",
  summary: "first request to 200 with a real dockerd: cold, paused, with dependencies; our share of it",
  async run({ brief, say }) {
    await using dockerd = await startDockerd();
    const docker = new RawDocker(dockerd.socketPath);
    await using tap = await openTap(dockerd.socketPath);
    const cold = await makeApp(docker, "cold", BOOT_MS, {});
    const paused = await makeApp(docker, "paused", 0, {});
    await makeApp(docker, "db", 0, { hosts: "db.example.com" });
    await makeApp(docker, "cache", 0, { hosts: "cache.example.com" });
    const stacked = await makeApp(docker, "stacked", BOOT_MS, { depends_on: "db,cache" });
    const floors = {
      cold: await makeApp(docker, "floor-cold", BOOT_MS),
      paused: await makeApp(docker, "floor-paused", 0),
      db: await makeApp(docker, "floor-db", 0),
      cache: await makeApp(docker, "floor-cache", 0),
    };
    await using wakegate = await startWakegate({
      socketPath: tap.path,
      yaml: "wake_rate: { per_client: off, per_target: off }",
      program: [await builtMain()],
    });
    const place: Place = { docker, wakegate, tap };
    const rounds = brief ? 1 : 25;
    const coldFigures = await coldWakes(place, cold, floors.cold, rounds);
    say("cold: done");
    const pausedFigures = await pausedWakes(place, paused, floors.paused, rounds);
    say("paused: done");
    const stackedFigures = await stackedWakes(place, stacked, floors, brief ? 1 : 8);
    return {
      figures: [...coldFigures.figures, ...pausedFigures, ...stackedFigures],
      charts: [coldFigures.chart],
      notes: [
        `A private dockerd; the app is node in a container and listens ${String(BOOT_MS)} ms after it began. The floor is the same container outside of Wakegate: the engine's call, then a probe every millisecond. Both in turn.`,
        "Our share is the time before the start call is at the engine, and the time from the moment at which the call was answered and the app listens until the 200 is at the client, less what the app takes for its first answer (it loads and compiles what answers need): all else belongs to engine and app.",
      ],
    };
  },
};

async function coldWakes(
  place: Place,
  app: App,
  floor: App,
  rounds: number,
): Promise<{
  readonly figures: Figure[];
  readonly chart: { title: string; unit: string; bars: { label: string; value: number }[] };
}> {
  const { docker, tap } = place;
  const totals: number[] = [];
  const shares: number[] = [];
  const calls: number[] = [];
  const firstAnswers: number[] = [];
  const floorsMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    tap.take();
    const { asked, passed } = await firstRequest(place, app);
    const [call] = tap.take();
    if (!call) throw new Error("no start call was seen");
    const { listening, firstAnswerMs } = await bootOf(app);
    totals.push(passed - asked);
    calls.push(call.answered - call.asked);
    firstAnswers.push(firstAnswerMs);
    shares.push(call.asked - asked + passed - Math.max(call.answered, listening) - firstAnswerMs);
    await asleep(place, app, () => docker.stop(app.name, 0));
    floorsMs.push(
      await timed(async () => {
        await docker.start(floor.name);
        await untilAnswers(floor);
      }),
    );
    await docker.stop(floor.name, 0);
  }
  const boots = totals.map((total, round) => total - (calls[round] ?? 0) - (shares[round] ?? 0));
  const parts = { "start call": median(calls), boot: median(boots), "our share": median(shares) };
  return {
    figures: [
      {
        name: "Our share of a cold wake, median",
        value: rounded(median(shares)),
        unit: "ms",
        budget: { atMost: 10 },
      },
      {
        name: "Our share of a cold wake, p95",
        value: rounded(quantile(shares, 0.95)),
        unit: "ms",
        budget: { atMost: 25 },
      },
      { name: "Cold wake, first request to 200", value: rounded(median(totals)), unit: "ms" },
      { name: "Of that, the engine's start call", value: rounded(median(calls)), unit: "ms" },
      {
        name: "Of that, the app's boot beyond the call, its first answer included",
        value: rounded(median(boots)),
        unit: "ms",
      },
      { name: "Of that, the app's first answer", value: rounded(median(firstAnswers)), unit: "ms" },
      { name: "Floor of a cold wake", value: rounded(median(floorsMs)), unit: "ms" },
    ],
    chart: {
      title: "A cold wake (medians)",
      unit: "ms",
      bars: Object.entries(parts).map(([label, value]) => ({ label, value: rounded(value) })),
    },
  };
}

async function pausedWakes(place: Place, app: App, floor: App, rounds: number): Promise<Figure[]> {
  const { docker } = place;
  await firstRequest(place, app);
  await docker.start(floor.name);
  await untilAnswers(floor);
  const ours: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await asleep(place, app, () => docker.pause(app.name));
    await docker.pause(floor.name);
    floors.push(
      await timed(async () => {
        await docker.unpause(floor.name);
        await untilAnswers(floor);
      }),
    );
    const { asked, passed } = await firstRequest(place, app);
    ours.push(passed - asked);
  }
  const ratios = ours.map((ms, round) => ms / (floors[round] ?? Number.NaN));
  return [
    {
      name: "Wake from a pause, of a bare unpause and one probe",
      value: rounded(median(ratios)),
      unit: "x",
      budget: { atMost: 1.5 },
    },
    { name: "Wake from a pause", value: rounded(median(ours)), unit: "ms" },
    { name: "Bare unpause and one probe", value: rounded(median(floors)), unit: "ms" },
  ];
}

async function stackedWakes(
  place: Place,
  app: App,
  floors: Readonly<Record<"cold" | "db" | "cache", App>>,
  rounds: number,
): Promise<Figure[]> {
  const { docker } = place;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { asked, passed } = await firstRequest(place, app);
    ours.push(passed - asked);
    for (const name of [app.name, "db", "cache"]) await asleep(place, { name }, () => docker.stop(name, 0));
    const up = async (floor: App): Promise<void> => {
      await docker.start(floor.name);
      await untilAnswers(floor);
    };
    bare.push(
      await timed(async () => {
        await Promise.all([up(floors.db), up(floors.cache)]);
        await up(floors.cold);
      }),
    );
    for (const floor of [floors.cold, floors.db, floors.cache]) await docker.stop(floor.name, 0);
  }
  return [
    { name: "Cold wake with two dependencies", value: rounded(median(ours)), unit: "ms" },
    {
      name: "Floor of that: both at once and probed, then the app",
      value: rounded(median(bare)),
      unit: "ms",
    },
  ];
}

/** A request that is no page view, held until it passes. */
async function firstRequest(
  { wakegate }: Place,
  { name }: Pick<App, "name">,
): Promise<{ readonly asked: number; readonly passed: number }> {
  const asked = performance.now();
  // Another path each time: the rounds are as steady as a poller's, and who polls what just fell asleep wakes nothing.
  const uri = { "X-Forwarded-Uri": `/${String(asked)}` };
  const { status } = await askVerdict(wakegate.internal, `${name}.example.com`, uri);
  const passed = performance.now();
  if (status !== 200) throw new Error(`the wake of ${name} ended with ${String(status)}`);
  return { asked, passed };
}

/** Puts it down from outside and waits until Wakegate knows that it sleeps. */
async function asleep(
  { wakegate }: Place,
  { name }: Pick<App, "name">,
  down: () => Promise<unknown>,
): Promise<void> {
  const naps = (): number =>
    wakegate.log().filter(({ event, target }) => event === "target_asleep" && target === name).length;
  const before = naps();
  await down();
  await until(`${name} sleeps`, () => naps() > before);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
