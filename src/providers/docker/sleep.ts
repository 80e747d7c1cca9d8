import { sleep as delay } from "../../lib/clock.ts";
import { ProviderError, type Instance, type InstanceStatus, type SleepRequest } from "../provider.ts";
import { isConflict, isNotModified, type Connection } from "./connection.ts";
import { inspect } from "./inspect.ts";
import { unpause } from "./wake.ts";
import { checkReference } from "./reference.ts";

/** From this API on, a stop may name its own signal. */
const STOP_WITH_SIGNAL = "1.42";
const KILL_PATIENCE_MS = 30_000;

/** Puts a container to sleep; resolves when an inspection says that it is. */
export async function sleep(
  connection: Connection,
  id: string,
  request: SleepRequest,
  signal: AbortSignal,
): Promise<void> {
  checkReference(connection.engine, id);
  const instance = await inspect(connection, id, signal);
  if (!instance) {
    throw new ProviderError(
      "not_found",
      connection.engine,
      `engine ${connection.engine}: no such container: ${id}`,
    );
  }
  if (isDown(instance.status) || (request.method === "pause" && instance.status === "paused")) return;
  const graceMs = request.timeoutMs ?? instance.stopTimeoutMs;
  switch (request.method) {
    case "pause":
      return pause(connection, id, signal);
    case "hibernate":
      throw new ProviderError(
        "not_supported",
        connection.engine,
        `engine ${connection.engine}: containers cannot be hibernated`,
      );
    case "kill":
      return kill(connection, instance, request.signal ?? "SIGKILL", graceMs, signal);
    case "stop": {
      // Podman does not stop what is paused.
      if (instance.status === "paused" && connection.isPodman) await unpause(connection, id, signal);
      const asks = request.signal !== undefined && request.signal !== instance.stopSignal;
      if (asks && !connection.supports(STOP_WITH_SIGNAL)) {
        return stopBySignal(connection, instance, request.signal, graceMs, signal);
      }
      return stop(connection, instance, { ...(asks && { signal: request.signal }), graceMs }, signal);
    }
  }
}

function isDown(status: InstanceStatus | undefined): boolean {
  return status !== "running" && status !== "paused" && status !== "restarting";
}

async function pause(connection: Connection, id: string, signal: AbortSignal): Promise<void> {
  try {
    await connection.call("pause", signal, (docker, abortSignal) =>
      docker.getContainer(id).pause({ abortSignal }),
    );
  } catch (error) {
    if (error instanceof ProviderError && error.code === "not_found") throw error;
    // "Already paused" and "not running" are conflicts, and both are what was asked for.
    const now = await inspect(connection, id, signal);
    if (now?.status !== "paused" && !isDown(now?.status)) throw error;
  }
}

async function stop(
  connection: Connection,
  { id }: Instance,
  { signal: stopSignal, graceMs }: { signal?: string; graceMs: number },
  signal: AbortSignal,
): Promise<void> {
  const query = { t: Math.ceil(graceMs / 1000), ...(stopSignal !== undefined && { signal: stopSignal }) };
  let failure: unknown;
  try {
    await connection.call(
      "stop",
      signal,
      (docker, abortSignal) => docker.getContainer(id).stop({ ...query, abortSignal }),
      graceMs,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!isNotModified(error)) failure = error;
  }
  await verifyDown(connection, id, failure, signal);
}

/** An answer, good or bad, is no proof: what the container does is. */
async function verifyDown(
  connection: Connection,
  id: string,
  failure: unknown,
  signal: AbortSignal,
): Promise<void> {
  let now: Instance | undefined;
  try {
    now = await inspect(connection, id, signal);
  } catch (error) {
    throw failure ?? error;
  }
  if (isDown(now?.status)) return;
  const message = `engine ${connection.engine}: ${now?.name ?? id} is still ${now?.status ?? "there"} after the stop`;
  throw failure ?? new ProviderError("engine_failed", connection.engine, message);
}

async function kill(
  connection: Connection,
  instance: Instance,
  name: string,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  await sendSignal(connection, instance.id, name, signal);
  // How long a SIGKILL takes is no question of grace.
  const patienceMs = name === "SIGKILL" ? KILL_PATIENCE_MS : graceMs;
  if (await comesDown(connection, instance.id, patienceMs, signal)) return;
  const message = `engine ${connection.engine}: ${instance.name} still runs ${String(patienceMs)} ms after ${name}`;
  throw new ProviderError("engine_timeout", connection.engine, message);
}

/** What engines before API 1.42 cannot do in one call: signal, grace, then a stop without any more patience. */
async function stopBySignal(
  connection: Connection,
  instance: Instance,
  name: string | undefined,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  await sendSignal(connection, instance.id, name ?? instance.stopSignal, signal);
  const isDownNow = await comesDown(connection, instance.id, graceMs, signal);
  // A policy may bring back what ended by a signal of its own; after a stop it does not.
  if (isDownNow && instance.restartPolicy === "no") return;
  await stop(connection, instance, { graceMs: 0 }, signal);
}

async function sendSignal(
  connection: Connection,
  id: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await connection.call("kill", signal, (docker, abortSignal) =>
      docker.getContainer(id).kill({ signal: name, abortSignal }),
    );
  } catch (error) {
    // It ended a moment before.
    if (!isConflict(error)) throw error;
  }
}

/** Looks again, less and less often, until the container is down or the time is over. */
async function comesDown(
  connection: Connection,
  id: string,
  graceMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock } = connection;
  const end = clock.monotonic() + graceMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 250)) {
    if (isDown((await inspect(connection, id, signal))?.status)) return true;
    const leftMs = end - clock.monotonic();
    if (leftMs <= 0) return false;
    await delay(clock, Math.min(pauseMs, leftMs), signal);
  }
}
