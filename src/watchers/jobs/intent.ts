import { messageOf } from "../../errors.ts";
import { deadline, onAbort } from "../../lib/signals.ts";
import type { StopMethod } from "../../providers/provider.ts";
import type { Sighting } from "../state.ts";
import type { Workbench } from "../workbench.ts";

/** What a stop may take beyond the target's own grace before it counts as not coming. */
const STOP_MARGIN_MS = 10_000;

/** How it went with a stop that is to be written down. */
export type Intent = "written" | "unwritten" | "refused";

/**
 * Writes a stop down before the engine is called, so that a Wakegate that is killed now knows a dying container
 * later, and asks the other Wakegates to let nothing through any more. `unwritten` when the disk fails, `refused`
 * when the others do not agree: then nothing is put to sleep. What is written ends in a stop or in `dropIntent`.
 *
 * @throws the signal's reason when it aborts.
 */
export async function writeIntent(
  bench: Workbench,
  seen: Sighting,
  method: StopMethod,
  signal: AbortSignal,
): Promise<Intent> {
  const { around, spec } = bench;
  const { store, clock, log, coordination } = around;
  const grace = spec.stopTimeoutMs ?? seen.stopTimeoutMs;
  const at = clock.now();
  const until = at + grace + STOP_MARGIN_MS;
  const stopIntent = { instance: seen.id, run: seen.run, method, at, until };
  // One that was left by a Wakegate that was killed may still be under way, also when this one is not made.
  const before = store.target(spec.name)?.stopIntent;
  const takeBack = (): void => {
    if (store.target(spec.name)?.stopIntent === stopIntent) store.update(spec.name, { stopIntent: before });
    coordination.slept(spec.name);
  };
  store.update(spec.name, { stopIntent });
  // Who wakes it now must not wait for the end of a stop that is not made.
  using _ = onAbort(signal, takeBack);
  try {
    await store.flush(signal);
  } catch (error) {
    signal.throwIfAborted();
    log.error(
      "state_unwritable",
      `${spec.name} is not put to sleep, because that cannot be written down first: ${messageOf(error)}`,
      { target: spec.name, err: error },
    );
    takeBack();
    return "unwritten";
  }
  if (await agreeOn(bench, seen, method, signal)) return "written";
  takeBack();
  return "refused";
}

/**
 * Asks the other Wakegates to let nothing through any more; false when they do not agree.
 *
 * @throws the signal's reason when it aborts.
 */
export function agreeOn(
  { activity, around, asked, spec }: Workbench,
  seen: Sighting,
  method: StopMethod,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, coordination } = around;
  const stop = {
    name: spec.name,
    instance: seen.id,
    run: seen.run,
    method,
    withinMs: (spec.stopTimeoutMs ?? seen.stopTimeoutMs) + STOP_MARGIN_MS,
    unusedMs: clock.monotonic() - activity.lastUse,
    force: asked.how === "force",
  };
  return coordination.agree(stop, signal);
}

/** A stop that was written down is over, or is not made after all. */
export function dropIntent({ around, spec }: Workbench): void {
  around.store.update(spec.name, { stopIntent: undefined });
  around.coordination.slept(spec.name);
}

/** A wake does not wait longer for the disk than this. */
const WRITE_MS = 1_000;

/**
 * Writes down that a dependency is about to be started. It is ours to stop only in a run that we started, so a
 * Wakegate that is killed before it has seen the run would leave it awake for ever. Never rejects: a disk that fails
 * is no reason not to wake.
 */
export async function writeStartIntent(bench: Workbench, run: string, signal: AbortSignal): Promise<void> {
  const { around, spec } = bench;
  const { dependencyOnly, store } = around;
  if (!dependencyOnly) return;
  const before = store.target(spec.name)?.startIntent?.run;
  store.update(spec.name, {
    startIntent: { run },
    // The start that was decided then led to this run: somebody has paused it since.
    ...(before !== undefined && before !== run && { startedRun: run }),
  });
  using limit = deadline(around.clock, WRITE_MS, "the state file", signal);
  await around.store.flush(limit.signal).catch(() => undefined);
}
