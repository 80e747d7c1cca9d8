import { messageOf } from "../../errors.ts";
import { ProviderError, type Instance } from "../../providers/provider.ts";
import type { WakeClaim } from "../coordination.ts";
import { wakeDependencies } from "../dependencies.ts";
import { WakeFailedError } from "../failure.ts";
import type { FailureReason } from "../progress.ts";
import { writeStartIntent } from "./intent.ts";
import { seenInput } from "../seen-input.ts";
import type { Input } from "../input.ts";
import type { Workbench } from "../workbench.ts";

/** Dependencies first. Their own watchers bound how long each may take. */
export async function wakeItsDependencies(bench: Workbench, signal: AbortSignal): Promise<Input> {
  const { around, spec } = bench;
  const report = bench.onDependency.bind(bench);
  try {
    await wakeDependencies(around.edges(), spec.name, around.clock, report, signal);
    return { type: "dependencies-ready" };
  } catch (error) {
    signal.throwIfAborted();
    return wakeFailed(bench, error);
  }
}

/** Starts or unpauses what the engine says is not running. Looks first and after: only inspect is believed. */
export async function callWake(bench: Workbench, signal: AbortSignal): Promise<Input> {
  const { around, spec } = bench;
  try {
    const { claim, before } = await mayStart(bench, signal);
    if (!before) return { type: "called", sighting: undefined };
    let after: Instance | undefined;
    if (claim) {
      using _ = claim;
      const patience = { withinMs: spec.wakeTimeoutMs, onWaiting: bench.onWaiting.bind(bench) };
      after = await bench.exclusive(async (life, waited) => {
        // The call before it may have been a start, and a late one.
        const there = waited ? await around.locate(signal) : before;
        if (!there || !isToStart(there, around.oneShot)) return there;
        await writeStartIntent(bench, there.runId, life);
        // Gone or started by others while that was written: from here on the call goes to its end.
        signal.throwIfAborted();
        const failure = await around.provider.wake(there, life, patience).then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        // In here, because the start's event may be quicker than its answer: then this work is over already.
        const now = await noteRun(bench, there.runId, life, signal);
        // An answer that was lost on its way is no failure of what it was about.
        if (failure && now?.status !== "running") throw failure.error;
        return now;
      });
      signal.throwIfAborted();
    }
    after ??= await around.locate(signal);
    return { ...seenInput(after, around.store.target(spec.name)), type: "called" };
  } catch (error) {
    signal.throwIfAborted();
    return wakeFailed(bench, error);
  }
}

/** Looks what there is, and, when it has to be started, waits until it may be: one Wakegate does it. */
async function mayStart(
  { around, spec }: Workbench,
  signal: AbortSignal,
): Promise<{ readonly before: Instance | undefined; readonly claim?: WakeClaim }> {
  let claim: WakeClaim | undefined;
  try {
    for (;;) {
      const before = await around.locate(signal);
      if (!before || !isToStart(before, around.oneShot)) return { before };
      if (claim) return { before, claim: take() };
      claim = await around.coordination.claimWake(spec.name, before.status, signal);
      if (claim?.lookAgain === false) return { before, claim: take() };
    }
  } finally {
    claim?.[Symbol.dispose]();
  }

  function take(): WakeClaim {
    const taken = claim as WakeClaim;
    claim = undefined;
    return taken;
  }
}

/** A one-shot that has run to its end is not run again; the sighting says so. */
function isToStart({ status, exit }: Instance, oneShot: boolean): boolean {
  const completed = oneShot && status === "exited" && exit?.code === 0;
  return !completed && status !== "running" && status !== "restarting";
}

/**
 * A call that failed may have started it all the same. Where the engine does not say now, the intent stays. When the
 * `work` is over already, its result is nobody's: then what was seen is told here.
 */
async function noteRun(
  bench: Workbench,
  before: string,
  signal: AbortSignal,
  work: AbortSignal,
): Promise<Instance | undefined> {
  const { around, spec } = bench;
  let now: Instance | undefined;
  try {
    now = await around.locate(signal);
  } catch {
    return undefined;
  }
  if (work.aborted) bench.see(now);
  if (!now || now.runId === before) return now;
  around.store.update(spec.name, { startedRun: now.runId, startIntent: undefined });
  bench.activity.poke();
  return now;
}

/** Turns whatever ended a wake into the input that says so. */
export function wakeFailed(bench: Workbench, error: unknown): Input {
  const facts =
    error instanceof WakeFailedError
      ? error.facts
      : {
          reason: reasonOf(error),
          message: `${bench.spec.name} could not be started: ${messageOf(error)}`,
          ...(error instanceof ProviderError && error.output.length > 0 && { log: error.output }),
        };
  return { type: "wake-failed", ...bench.failure(facts) };
}

function reasonOf(error: unknown): FailureReason {
  if (!(error instanceof ProviderError)) return "unknown";
  if (error.code === "engine_unreachable" || error.code === "engine_timeout") return "engine_away";
  return error.code === "engine_forbidden" ? "forbidden" : "start_failed";
}
