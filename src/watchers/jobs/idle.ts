import { messageOf } from "../../errors.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import { lastLook } from "../activity/last-look.ts";
import type { Failed, Ready, Sighting } from "../state.ts";
import type { Input } from "../transition.ts";
import type { Workbench } from "../workbench.ts";

/** A request that was just let through may still be on its way to the app. */
const AFTER_PASS_MS = 2_000;
/** What a stop may take beyond the target's own grace before it counts as not coming. */
const STOP_MARGIN_MS = 10_000;
/** The idle time by which the look at a target without one of its own is measured. */
const DEPENDENCY_IDLE_MS = 10_000;

/** Waits until nothing has used the target for its idle time and the last look agrees, then says so. */
export async function untilIdle(bench: Workbench, state: Ready, signal: AbortSignal): Promise<Input> {
  const { activity, around } = bench;
  for (;;) {
    await untilDue(bench, state, signal);
    const uses = activity.uses;
    if (!(await quiet(bench, signal))) {
      activity.evidence();
      continue;
    }
    if (activity.uses !== uses || !isDue(bench, state)) continue;
    if (!(await writeIntent(bench, state.seen, signal))) {
      activity.evidence();
      continue;
    }
    // Between the look and here the disk was waited for: somebody may have come.
    if (activity.uses === uses && isDue(bench, state))
      return { type: "sleep", method: bench.spec.stopMethod };
    around.store.update(bench.spec.name, { stopIntent: undefined });
  }
}

/** After a failed wake: tries again for those who wait, or puts what runs without answering to sleep. */
export async function afterFailure(bench: Workbench, state: Failed, signal: AbortSignal): Promise<Input> {
  const { around, followers, spec } = bench;
  const { clock } = around;
  await sleep(clock, state.until - clock.now(), signal);
  for (;;) {
    if (followers.count > 0 && !state.failure.final) return { type: "wake", cause: { by: "retry" } };
    const idle = state.seen ? spec.idleTimeoutMs : undefined;
    const left = idle === undefined ? undefined : idle - (clock.monotonic() - state.ended);
    if (state.seen && left !== undefined && left <= 0 && (await writeIntent(bench, state.seen, signal))) {
      return { type: "sleep", method: spec.stopMethod };
    }
    await changedOr(bench, left === undefined ? undefined : Math.max(1_000, left), signal, followers.changed);
  }
}

async function untilDue(bench: Workbench, state: Ready, signal: AbortSignal): Promise<void> {
  for (;;) {
    const ms = dueInMs(bench, state);
    if (ms !== undefined && ms <= 0) return;
    await changedOr(bench, ms, signal, bench.activity.changed);
  }
}

function isDue(bench: Workbench, state: Ready): boolean {
  const ms = dueInMs(bench, state);
  return ms !== undefined && ms <= 0;
}

/** Milliseconds until the target counts as unused; undefined while something holds it awake. */
function dueInMs({ spec, activity, around }: Workbench, state: Ready): number | undefined {
  if (activity.leases.length > 0 || around.exempt() !== undefined || around.neededBy().length > 0)
    return undefined;
  const now = around.clock.monotonic();
  const afterPass = activity.lastPass + AFTER_PASS_MS - now;
  if (around.dependencyOnly) {
    // Not ours to stop unless this very run is one that we started.
    const ours = around.store.target(spec.name)?.startedRun === state.seen.run;
    return ours ? afterPass : undefined;
  }
  if (spec.idleTimeoutMs === undefined) return undefined;
  return Math.max(activity.lastUse + spec.idleTimeoutMs - now, afterPass);
}

/** The last look; a use that comes meanwhile ends it early. */
async function quiet(bench: Workbench, signal: AbortSignal): Promise<boolean> {
  const { activity, around, spec } = bench;
  const { provider, clock, log } = around;
  using look = linkSignals(signal);
  using _ = activity.changed.subscribe(() => look.abort(new Error("used meanwhile")));
  const instance = await around.locate(signal).catch(() => undefined);
  // An engine that does not answer cannot say that nobody uses it.
  if (!instance) return false;
  const usage = provider.can.has("usage") ? (s: AbortSignal) => provider.usage(instance.id, s) : undefined;
  const idleTimeoutMs = around.dependencyOnly
    ? DEPENDENCY_IDLE_MS
    : (spec.idleTimeoutMs ?? DEPENDENCY_IDLE_MS);
  try {
    const result = await lastLook({ activity, clock, idleTimeoutMs, usage }, look.signal);
    if (!result.inUse) activity.sessionsEnded();
    log.debug("last_look", `${spec.name} is ${result.inUse ? "in use" : "quiet"}`, {
      target: spec.name,
      inUse: result.inUse,
      evidence: result.evidence.map(({ source, evidence }) => `${source}: ${evidence.detail}`),
    });
    return !result.inUse;
  } catch (error) {
    signal.throwIfAborted();
    void error;
    return false;
  }
}

/** On disk before the engine is called, so that a Wakegate that is killed now knows a dying container later. */
export async function writeIntent(bench: Workbench, seen: Sighting, signal: AbortSignal): Promise<boolean> {
  const { around, spec } = bench;
  const { store, clock, log } = around;
  const grace = spec.stopTimeoutMs ?? seen.stopTimeoutMs;
  const at = clock.now();
  const until = at + grace + STOP_MARGIN_MS;
  store.update(spec.name, {
    stopIntent: { instance: seen.id, run: seen.run, method: spec.stopMethod, at, until },
  });
  try {
    await store.flush(signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    log.error(
      "state_unwritable",
      `${spec.name} is not put to sleep, because that cannot be written down first: ${messageOf(error)}`,
      { target: spec.name, err: error },
    );
    store.update(spec.name, { stopIntent: undefined });
    return false;
  }
}

/** Resolves after `ms` (never, when undefined) or when `changed` fires. */
async function changedOr(
  bench: Workbench,
  ms: number | undefined,
  signal: AbortSignal,
  changed: { subscribe(listener: () => void): Disposable },
): Promise<void> {
  using wait = linkSignals(signal);
  using _ = changed.subscribe(() => wait.abort(new Error("changed")));
  try {
    await sleep(bench.around.clock, ms ?? Number.MAX_SAFE_INTEGER, wait.signal);
  } catch {
    signal.throwIfAborted();
  }
}
