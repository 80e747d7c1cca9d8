import type { Settings } from "../../src/config/model.ts";
import { reportObserverErrors } from "../../src/lib/isolate.ts";
import type { Coverage } from "./coverage.ts";
import { INVARIANTS } from "./invariants/all.ts";
import type { Invariant } from "./invariants/invariant.ts";
import { plan } from "./perform.ts";
import type { Schedule } from "./schedule/generate.ts";
import { Scene, type Violation } from "./scene.ts";
import type { Trace } from "./trace.ts";

/** How one schedule went. */
export interface Outcome {
  readonly violation: Violation | undefined;
  readonly steps: number;
  /** Simulated time. */
  readonly ms: number;
  readonly trace: Trace;
}

export interface RunOptions {
  readonly settings: readonly Settings[];
  /** Which actions happen, by index. Default: all. */
  readonly only?: ReadonlySet<number>;
  readonly coverage?: Coverage;
  /** Default: all. */
  readonly invariants?: readonly Invariant[];
}

/** Longer than every timeout, cool-down and idle time of the schedules together. */
const QUIET_MS = 8 * 60_000;
/** For a last request to every target. */
const LAST_MS = 60_000;
const CLOSING_MS = 60_000;
/** A stop of two targets, one after the other, with all their grace. */
const STOPS_MS = 60_000;

/** Runs one schedule to its end, or to the first rule that breaks. */
export async function run(schedule: Schedule, options: RunOptions): Promise<Outcome> {
  const { settings, only, coverage, invariants = INVARIANTS } = options;
  const [first] = settings;
  if (!first) throw new RangeError("no settings");
  const scene = new Scene(schedule, first, invariants);
  if (coverage) scene.listeners.add((happening) => coverage.hear(happening));
  const onRejection = (error: unknown): void =>
    scene.violated(10, `a rejection that nobody handles: ${String(error)}`);
  process.on("unhandledRejection", onRejection);
  // They throw only where the schedule says so; that they change nothing else is for the rules to judge.
  const observers = reportObserverErrors(() => undefined);
  // Thousands of errors are made and never read: their stacks would take a third of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    setUp(scene);
    for (const action of schedule.actions) if (!only || only.has(action.index)) plan(scene, action, settings);
    await playOut(scene);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    process.off("unhandledRejection", onRejection);
    observers[Symbol.dispose]();
    scene.trace.end();
    scene.process?.kill();
  }
  const { trace, steps, violation, clock } = scene;
  return { violation, steps, ms: clock.monotonic(), trace };
}

function setUp(scene: Scene): void {
  for (const app of scene.schedule.apps) {
    if (app.initially === "absent") continue;
    const box = scene.engine.create(app);
    if (app.initially === "created") continue;
    scene.engine.start(box);
    if (app.initially === "exited") scene.engine.end(box, 0, false, true);
    if (app.initially === "paused") scene.engine.pause(box);
  }
  scene.begin();
}

async function playOut(scene: Scene): Promise<void> {
  const { schedule, clock } = scene;
  await advance(scene, schedule.endsAt);
  if (scene.violation) return;
  tellTheTruth(scene);
  await advance(scene, clock.monotonic() + QUIET_MS);
  await letStopsEnd(scene);
  if (scene.violation) return;
  scene.checkQuiet();
  for (const { name, owner, tcpPort } of schedule.apps)
    if (owner === "ours" && tcpPort === undefined) scene.visit(name, "api", "203.0.113.99");
  await advance(scene, clock.monotonic() + LAST_MS);
  if (scene.violation) return;
  void scene.end();
  await advance(scene, clock.monotonic() + CLOSING_MS);
  if (!scene.violation) scene.checkClosed();
}

/** What was kept awake for long may just be on its way down. */
async function letStopsEnd(scene: Scene): Promise<void> {
  const latest = scene.clock.monotonic() + STOPS_MS;
  const stops = (): boolean =>
    [...(scene.wakegate?.registry.watchers ?? [])].some(({ state }) => state.kind === "stopping");
  while (stops() && scene.clock.monotonic() < latest && !scene.violation)
    await advance(scene, scene.clock.monotonic() + 1_000);
}

/** Nothing goes wrong any more, and nobody does anything. Broken apps stay broken. */
function tellTheTruth(scene: Scene): void {
  scene.note("from here on the engine tells the truth");
  scene.mischief.end();
  scene.disk.recover();
  scene.process?.goOn();
  scene.begin();
  for (const { socket } of scene.sessions) socket.end();
  for (const box of scene.engine.boxes.values()) {
    scene.engine.bytesOf(box);
    box.behaviour.bytesPerSecond = 0;
  }
  void scene.wakegate?.provider.relist();
}

/** Step by step up to `end`, each with everything that it leads to at once. */
async function advance(scene: Scene, end: number): Promise<void> {
  for (let call = scene.clock.next(end); call && !scene.violation; call = scene.clock.next(end)) {
    call();
    // Everything that waits only for promises has run when the event loop comes round.
    await new Promise(setImmediate);
    scene.steps++;
    scene.checkStep();
  }
}
