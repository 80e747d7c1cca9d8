import { sleep as delay } from "../../lib/clock.ts";
import type { Connection } from "../docker/connection.ts";
import { ProviderError, type SleepRequest, type WakePatience } from "../provider.ts";
import { checkReference } from "../docker/reference.ts";
import { isOutdated, service, tasks, update, type Service, type ServiceSpec, type Task } from "./api.ts";
import { endedByItself, isOver, latestEnd, standing } from "./describe.ts";
import { again, asleep, awake } from "./replicas.ts";

const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 1_000;
/** The managers and nodes have to talk to each other before and after a task's own grace. */
const MARGIN_MS = 30_000;
/** Others may change a service at the same time, again and again: an update that rolls does. */
const TRIES = 10;
/** One end may be bad luck. What ends twice is not waited for until the time for the wake is over. */
const CRASH_LOOP_ENDS = 2;

/** Scales up to what the service had, and resolves when its first task runs. */
export async function wake(
  connection: Connection,
  id: string,
  patience: WakePatience,
  signal: AbortSignal,
): Promise<void> {
  const end = connection.clock.monotonic() + patience.withinMs;
  checkReference(connection.engine, id);
  const before = await tasks(connection, [id], signal);
  // Tasks of former runs stay known for a while: they say nothing of this one.
  const former = new Set(before.filter(isOver).map(({ ID }) => ID));
  const isOut = (service: Service): boolean => standing(service, before).status === "exited";
  const scaled = await change(
    connection,
    id,
    isOut,
    (service) => (isDown(service) ? awake : again)(service),
    signal,
  );
  let said = "";
  let shown = "";
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LAST_LOOK_MS, pauseMs * 1.5)) {
    const now = (await tasks(connection, [scaled.ID], signal)).filter(({ ID }) => !former.has(ID));
    const { status, task } = standing({ ID: scaled.ID, Spec: awake(scaled) }, now);
    if (status === "running") return;
    if (status === "exited") {
      // What ran and ended is told by the next look, with its exit code and last words.
      if (task?.Status.ContainerStatus?.ContainerID) return;
      throw failed(connection, scaled, task);
    }
    const ends = now.filter(endedByItself).length;
    if (ends >= CRASH_LOOP_ENDS) throw failed(connection, scaled, latestEnd(scaled, now), ends);
    const waits = trouble(now);
    if (waits !== shown) patience.onWaiting(waits || undefined);
    shown = waits;
    said = waits || said;
    const leftMs = end - connection.clock.monotonic();
    if (leftMs <= 0) throw tooLate(connection, scaled, patience.withinMs, said);
    await delay(connection.clock, Math.min(pauseMs, leftMs), signal);
  }
}

/** Scales to 0, and resolves when no task runs any more. `onAsked` is told when the swarm has taken it. */
export async function sleep(
  connection: Connection,
  id: string,
  request: SleepRequest,
  onAsked: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (request.method !== "stop") {
    const message = `engine ${connection.engine}: a service can only be scaled to 0, not put to sleep by ${request.method}`;
    throw new ProviderError("not_supported", connection.engine, message);
  }
  const scaled = await change(connection, id, (before) => !isDown(before), asleep, signal);
  onAsked();
  const graceMs = (scaled.Spec.TaskTemplate.ContainerSpec?.StopGracePeriod ?? 10e9) / 1e6;
  const end = connection.clock.monotonic() + Math.max(graceMs, request.timeoutMs ?? 0) + MARGIN_MS;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LAST_LOOK_MS, pauseMs * 1.5)) {
    const now = await tasks(connection, [scaled.ID], signal);
    if (standing({ ID: scaled.ID, Spec: asleep(scaled) }, now).status === "exited") return;
    const leftMs = end - connection.clock.monotonic();
    if (leftMs <= 0) {
      const message = `engine ${connection.engine}: tasks of ${scaled.Spec.Name} still run after it was scaled to 0`;
      throw new ProviderError("engine_timeout", connection.engine, message);
    }
    await delay(connection.clock, Math.min(pauseMs, leftMs), signal);
  }
}

/** Changes a service's specification where `wanted` says so, and again when somebody else was quicker. */
async function change(
  connection: Connection,
  id: string,
  wanted: (service: Service) => boolean,
  to: (service: Service) => ServiceSpec,
  signal: AbortSignal,
): Promise<Service> {
  for (let tries = 1; ; tries++) {
    const before = await service(connection, id, signal);
    if (!before) {
      const message = `engine ${connection.engine}: no such service: ${id.slice(0, 80)}`;
      throw new ProviderError("not_found", connection.engine, message);
    }
    if (!before.Spec.Mode.Replicated) {
      const message = `engine ${connection.engine}: ${before.Spec.Name} is not replicated and cannot be scaled`;
      throw new ProviderError("not_supported", connection.engine, message);
    }
    if (!wanted(before)) return before;
    try {
      await update(connection, before, to(before), signal);
      return before;
    } catch (error) {
      if (!isOutdated(error) || tries >= TRIES) throw error;
      await delay(connection.clock, FIRST_LOOK_MS, signal);
    }
  }
}

function isDown({ Spec }: Service): boolean {
  return Spec.Mode.Replicated?.Replicas === 0;
}

/** What keeps the newest tasks from running, in the swarm's words. */
function trouble(all: readonly Task[]): string {
  const newest = [...all].sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
  return newest.find(({ Status }) => Status.Err)?.Status.Err ?? "";
}

function failed(
  connection: Connection,
  { Spec }: Service,
  task: Task | undefined,
  ends?: number,
): ProviderError {
  const why = task?.Status.Err ? `: ${task.Status.Err}` : "";
  const what =
    ends === undefined ? "ended and are not started again" : `ended ${String(ends)} times in a row`;
  const message = `engine ${connection.engine}: the tasks of ${Spec.Name} ${what}${why}`;
  return new ProviderError("engine_failed", connection.engine, message);
}

function tooLate(connection: Connection, { Spec }: Service, withinMs: number, said: string): ProviderError {
  const why = said === "" ? "" : `: ${said}`;
  const message = `engine ${connection.engine}: no task of ${Spec.Name} runs after ${String(Math.round(withinMs / 1_000))} s${why}`;
  return new ProviderError("engine_timeout", connection.engine, message);
}
