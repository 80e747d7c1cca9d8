import { workloadId, type WorkloadRef } from "../../config/values/kubernetes.ts";
import { sleep as delay } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import { ProviderError, type SleepRequest, type WakePatience } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { isConflict, statusOf } from "./errors.ts";
import { toWorkload, type Workload } from "./objects.ts";
import type { RawWorkload } from "./raw.ts";
import { pathOfWorkload, resourceOf, rightTo } from "./paths.ts";
import { isAlive, readyEndpoints, standing, troubleOf } from "./standing.ts";

/** Annotation in which a sleeping workload keeps its number of replicas, so that it outlives Wakegate. */
export const REMEMBERED = "wakegate.io/replicas";

const FIRST_LOOK_MS = 50;
const LAST_LOOK_MS = 1_000;
/** The kubelet and the controllers have to talk to the API server before and after a pod's own grace. */
const MARGIN_MS = 30_000;
/** Others may change a workload at the same time, again and again: a rollout does. */
const TRIES = 10;
/** So long after it was scaled to 0 its pods must be going. */
const TAKEN_MS = 5_000;

/** Numbers of replicas that could not be written down, by id: for as long as this Wakegate runs. */
export type Memory = Map<string, number>;

/** Scales up to what the workload had, and resolves when its Service leads to a pod that is ready. */
export async function wake(
  cluster: Cluster,
  id: string,
  memory: Memory,
  patience: WakePatience,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = cluster.connection;
  const end = clock.monotonic() + patience.withinMs;
  const awake = await change(
    cluster,
    id,
    async (workload) => {
      if (workload.wanted === 0) await scaleTo(cluster, workload, replicasOf(workload, memory), signal);
      return workload;
    },
    signal,
  );
  const { service } = await cluster.surroundings(awake, signal);
  let said = "";
  let shown = "";
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LAST_LOOK_MS, pauseMs * 1.5)) {
    const pods = await cluster.pods(awake, signal);
    const up = standing({ ...awake, wanted: 1 }, pods).status === "running";
    if (up && (!service || readyEndpoints(await cluster.slices(service, signal)).length > 0)) return;
    // Where no pod was made at all, only the workload itself can say why.
    const asked = pods.length > 0 ? awake : ((await cluster.find(id, signal)) ?? awake);
    const waits = troubleOf(asked, pods);
    if (waits !== shown) patience.onWaiting(waits || undefined);
    shown = waits;
    said = waits || said;
    const leftMs = end - clock.monotonic();
    if (leftMs <= 0) throw tooLate(cluster, awake, patience.withinMs, said);
    if (await pause(cluster, id, Math.min(pauseMs, leftMs), signal)) pauseMs = FIRST_LOOK_MS;
  }
}

/** Waits so long, but no longer than until the cluster tells of its pods; true when it has. */
async function pause(cluster: Cluster, id: string, ms: number, signal: AbortSignal): Promise<boolean> {
  const { clock } = cluster.connection;
  using wait = linkSignals(signal);
  let stirred = false;
  using _ = cluster.stirred.subscribe((one) => {
    if (one !== id) return;
    stirred = true;
    wait.abort(new Error("its pods changed"));
  });
  await delay(clock, Math.min(ms, FIRST_LOOK_MS), signal);
  if (stirred || ms <= FIRST_LOOK_MS) return stirred;
  await delay(clock, ms - FIRST_LOOK_MS, wait.signal).catch(() => signal.throwIfAborted());
  return stirred;
}

/** Scales to 0, and resolves when no pod is left. */
export async function sleep(
  cluster: Cluster,
  id: string,
  request: SleepRequest,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const { clock, engine } = cluster.connection;
  if (request.method !== "stop") {
    const message = `engine ${engine}: a workload can only be scaled to 0, not put to sleep by ${request.method}`;
    throw new ProviderError("not_supported", engine, message);
  }
  const asleep = await change(
    cluster,
    id,
    async (workload) => {
      if (workload.wanted === 0) return workload;
      const written = await remember(cluster, workload, memory, signal);
      await scaleTo(cluster, written, 0, signal);
      return written;
    },
    signal,
  );
  const began = clock.monotonic();
  const graceMs = Math.max(asleep.graceMs, request.timeoutMs ?? 0) + MARGIN_MS;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LAST_LOOK_MS, pauseMs * 1.5)) {
    const left = (await cluster.pods(asleep, signal)).filter(isAlive);
    if (left.length === 0) return;
    const goneMs = clock.monotonic() - began;
    const stay = left.some(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (stay && goneMs > TAKEN_MS && ((await cluster.find(id, signal))?.wanted ?? 0) > 0)
      throw failed(
        cluster,
        "engine_failed",
        `${nameOf(asleep)} was scaled up again at once: does KEDA, GitOps or an operator set its replicas?`,
      );
    if (goneMs > graceMs)
      throw failed(cluster, "engine_timeout", `pods of ${nameOf(asleep)} still run after it was scaled to 0`);
    await delay(clock, pauseMs, signal);
  }
}

/** Reads the workload and changes it, and again when somebody else was quicker. */
async function change<T>(
  cluster: Cluster,
  id: string,
  work: (workload: Workload) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const workload = await cluster.mustFind(id, signal);
    try {
      return await work(workload);
    } catch (error) {
      if (!isConflict(error) || tries >= TRIES) throw error;
      await delay(cluster.connection.clock, FIRST_LOOK_MS, signal);
    }
  }
}

/** What it had when we put it to sleep, else one. Pure. */
export function replicasOf(workload: Workload, memory: ReadonlyMap<string, number>): number {
  const written = Number(workload.annotations[REMEMBERED] ?? "");
  if (Number.isSafeInteger(written) && written > 0) return written;
  return memory.get(workloadId(workload)) ?? 1;
}

/** Only the number of replicas, and only of the version that was read. */
async function scaleTo(
  { connection }: Cluster,
  workload: Workload,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, resourceVersion } = workload;
  const body = {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, resourceVersion },
    spec: { replicas },
  };
  const right = rightTo("update", resourceOf(workload.kind), "scale");
  await connection.call(
    { right, path: `${pathOfWorkload(workload)}/scale`, body, what: nameOf(workload) },
    signal,
  );
}

/** Writes the number of replicas on the workload. Where that is not granted it is kept in mind alone. */
async function remember(
  cluster: Cluster,
  workload: Workload,
  memory: Memory,
  signal: AbortSignal,
): Promise<Workload> {
  const { wanted, kind, resourceVersion } = workload;
  memory.set(workloadId(workload), wanted);
  if (workload.annotations[REMEMBERED] === String(wanted)) return workload;
  const body = { metadata: { resourceVersion, annotations: { [REMEMBERED]: String(wanted) } } };
  const right = rightTo("patch", resourceOf(kind));
  try {
    const ask = { right, path: pathOfWorkload(workload), body, what: nameOf(workload) };
    return toWorkload(kind, (await cluster.connection.call(ask, signal)) as RawWorkload);
  } catch (error) {
    if (statusOf(error) !== 403) throw error;
    cluster.sayOnce("how many replicas a workload had is forgotten when Wakegate ends", error);
    return workload;
  }
}

function nameOf(workload: WorkloadRef): string {
  return workloadId(workload);
}

function tooLate(cluster: Cluster, workload: Workload, withinMs: number, said: string): ProviderError {
  const why = said === "" ? "" : `: ${said}`;
  return failed(
    cluster,
    "engine_timeout",
    `no pod of ${nameOf(workload)} is ready after ${String(Math.round(withinMs / 1_000))} s${why}`,
  );
}

function failed(
  { connection: { engine } }: Cluster,
  code: "engine_failed" | "engine_timeout",
  message: string,
): ProviderError {
  return new ProviderError(code, engine, `engine ${engine}: ${message}`);
}
