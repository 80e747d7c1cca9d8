import { messageOf } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { ProviderError, type SleepRequest } from "../../providers/provider.ts";
import { sightingOf, type ForeignStop, type OwnStop, type Sighting } from "../state.ts";
import type { Input } from "../input.ts";
import { isUp } from "../next-state.ts";
import type { Workbench } from "../workbench.ts";
import { holders } from "./holders.ts";
import { agreeOn, dropIntent, writeIntent } from "./intent.ts";

const RETRY = { firstMs: 2_000, maxMs: 60_000 };

/** Puts to sleep what was decided to sleep. The call's own word is not believed: inspect says how it ended. */
export async function fallAsleep(bench: Workbench, state: OwnStop, signal: AbortSignal): Promise<Input> {
  const { around, spec } = bench;
  const { clock, log } = around;
  if (state.resumedUntil !== undefined) {
    await sleep(clock, state.resumedUntil - clock.now(), signal);
    return untilSettled(bench, signal);
  }
  if (state.retryAt !== undefined) {
    await sleep(clock, state.retryAt - clock.monotonic(), signal);
    const now = await lookBefore(bench, signal);
    if (!now) return { type: "sleep-failed" };
    // It is down by now, although the answer to the try before was lost, or this is somebody else's run.
    if (!isStillToStop(state, now.sighting)) {
      dropIntent(bench);
      return { type: "settled", sighting: now.sighting };
    }
    // What was written down ended with the try before.
    const intent = await writeIntent(bench, state.seen, state.method, signal);
    if (intent === "refused" && state.deepens === undefined) return { type: "sleep-dropped" };
    if (intent !== "written") return { type: "sleep-failed" };
    // Since the decision somebody may have come who does not ask for a wake: a dependant that others started, a lease.
    const users = state.deepens === undefined ? holders(bench) : around.neededBy();
    if (users.length > 0) {
      dropIntent(bench);
      return { type: "sleep-dropped" };
    }
  }
  const stop: StopCall = { sent: false, isUnclear: false };
  try {
    if (state.tries === 0 && !(await around.companionsAsleep(state.asked === "force", signal)))
      return { type: "sleep-dropped" };
    const outcome = await callStop(bench, state, stop, signal);
    // A second stage that was refused is tried again later.
    if (outcome !== "called" && state.deepens === undefined) return { type: "sleep-dropped" };
    return await settle(bench, signal);
  } catch (error) {
    signal.throwIfAborted();
    stop.isUnclear = stop.sent;
    log.warn("sleep_unverified", `whether ${spec.name} sleeps is not known: ${messageOf(error)}`, {
      target: spec.name,
    });
    return { type: "sleep-failed" };
  } finally {
    // A stop that may still be carried out stays written down, so that a dying run is known after a restart.
    if (!stop.isUnclear) dropIntent(bench);
    else if (!signal.aborted) around.coordination.slept(spec.name);
  }
}

/** How far a stop call got. */
interface StopCall {
  sent: boolean;
  /** It was sent and its answer never came: the engine may still carry it out. */
  isUnclear: boolean;
}

/**
 * Calls the engine, unless a request has canceled the stop by then. The
 * call's own word is not believed; errors are logged.
 */
async function callStop(
  bench: Workbench,
  state: OwnStop,
  stop: StopCall,
  signal: AbortSignal,
): Promise<StopOutcome> {
  const { around, spec } = bench;
  const { coordination, log, provider } = around;
  let outcome: StopOutcome = "called";
  try {
    await bench.exclusive(async (life) => {
      if (signal.aborted) return;
      let agreed = await coordination.commit(spec.name);
      // What they agreed to is short-lived: the parts of it took their time, or this is not the first try.
      if (!agreed && (await agreeOn(bench, state.seen, state.method, life)))
        agreed = await coordination.commit(spec.name);
      if (!agreed) outcome = "refused";
      if (!agreed || signal.aborted) return;
      stop.sent = true;
      bench.stopCalled();
      await provider.sleep(state.seen.id, requestOf(bench, state), life);
    });
  } catch (error) {
    if (error instanceof ProviderError && error.code === "engine_busy") {
      bench.sleepNotBefore = around.clock.monotonic() + BUSY_MS;
      log.info("sleep_waits", `${spec.name} waits before it sleeps: ${error.message}`, { target: spec.name });
      signal.throwIfAborted();
      return "busy";
    }
    stop.isUnclear = !(error instanceof ProviderError) || UNCLEAR.has(error.code);
    log.error("sleep_failed", `${spec.name} could not be put to sleep: ${messageOf(error)}`, {
      target: spec.name,
      tries: state.tries + 1,
      err: error,
    });
  }
  signal.throwIfAborted();
  return outcome;
}

/** `refused`: by the other replicas. `busy`: the engine cannot stop it now, for a reason that passes by itself. */
type StopOutcome = "called" | "refused" | "busy";

/** The lock of a backup is looked for again so long after the engine refused a stop. */
const BUSY_MS = 5_000;

/** Failures after which the engine may still carry out what it was asked. */
const UNCLEAR: ReadonlySet<ProviderError["code"]> = new Set(["engine_timeout", "engine_unreachable"]);

/** Another run than the one that was to sleep is somebody else's. Undefined: the engine does not say which it is. */
async function lookBefore(
  bench: Workbench,
  signal: AbortSignal,
): Promise<{ readonly sighting: Sighting | undefined } | undefined> {
  try {
    const instance = await bench.around.locate(signal);
    return { sighting: instance && sightingOf(instance) };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Whether the run that was to be stopped is still up, or paused where a pause is not enough. */
function isStillToStop({ seen, method }: OwnStop, now: Sighting | undefined): boolean {
  if (now?.run !== seen.run) return false;
  return isUp(now) || (now.status === "paused" && method !== "pause");
}

/** Somebody else stops it, or has: nothing is started until it is clear what they are up to. */
export async function waitForForeignStop(
  bench: Workbench,
  state: ForeignStop,
  signal: AbortSignal,
): Promise<Input> {
  await sleep(bench.around.clock, state.waitMs, signal);
  return untilSettled(bench, signal);
}

/** Asks until the engine answers: nothing else would ask again. */
async function untilSettled(bench: Workbench, signal: AbortSignal): Promise<Input> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await settle(bench, signal);
    } catch {
      signal.throwIfAborted();
      await sleep(bench.around.clock, backoffMs(attempt, RETRY), signal);
    }
  }
}

async function settle(bench: Workbench, signal: AbortSignal): Promise<Input> {
  const instance = await bench.around.locate(signal);
  return { type: "settled", sighting: instance && sightingOf(instance) };
}

function requestOf({ spec }: Workbench, { method }: OwnStop): SleepRequest {
  return {
    method,
    ...(spec.stopSignal !== undefined && method !== "pause" && { signal: spec.stopSignal }),
    ...(spec.stopTimeoutMs !== undefined && method === "stop" && { timeoutMs: spec.stopTimeoutMs }),
  };
}
