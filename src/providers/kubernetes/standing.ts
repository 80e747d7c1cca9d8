import type { Exit, InstanceStatus } from "../provider.ts";
import type { Workload } from "./objects.ts";
import type { ContainerStatus, EndpointSlice, Pod } from "./raw.ts";

/** How a workload stands, judged by its pods. */
export interface Standing {
  readonly status: InstanceStatus;
  /** Changes when no pod of before runs any more, and when its container was started anew. */
  readonly runId: string;
  /** It goes down: nobody wants the pods that still run. */
  readonly leaving: boolean;
  /** The oldest pod that is ready, else the newest one. */
  readonly pod?: Pod;
}

/** Running: at least one pod is ready, its readiness gates included. Restarting: pods are wanted, none is. Pure. */
export function standing({ wanted, uid }: Pick<Workload, "wanted" | "uid">, pods: readonly Pod[]): Standing {
  const alive = pods.filter(isAlive).sort(byAge);
  if (wanted === 0) {
    const leaving = alive.length > 0;
    return { status: leaving ? "running" : "exited", leaving, ...run(uid, alive[0]) };
  }
  const ready = alive.find(isReady);
  if (ready) return { status: "running", leaving: false, ...run(uid, ready) };
  const staying = alive.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return { status: "restarting", leaving: false, ...run(uid, staying.at(-1) ?? alive.at(-1)) };
}

/** It may still run: its object is there, and it is not over. */
export function isAlive({ status }: Pod): boolean {
  return status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

function byAge(a: Pod, b: Pod): number {
  return (a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? -1 : 1;
}

function run(uid: string, pod: Pod | undefined): Pick<Standing, "runId" | "pod"> {
  if (!pod) return { runId: "" };
  const restarts = pod.status?.containerStatuses?.reduce(
    (sum, { restartCount = 0 }) => sum + restartCount,
    0,
  );
  return { runId: `${uid.slice(0, 8)}@${pod.metadata.uid ?? ""}.${String(restarts ?? 0)}`, pod };
}

/** When the pod's present run began, wall ms. */
export function startOf({ status }: Pod): number {
  const [first] = status?.containerStatuses ?? [];
  return Date.parse(first?.state?.running?.startedAt ?? status?.startTime ?? "") || 0;
}

/** How the last run of a pod's containers ended, where one has. */
export function exitOf({ status }: Pod): Exit | undefined {
  for (const { state, lastState } of status?.containerStatuses ?? []) {
    const ended = state?.terminated ?? lastState?.terminated;
    if (!ended) continue;
    const { exitCode: code, reason, finishedAt, message } = ended;
    return {
      code,
      oomKilled: reason === "OOMKilled",
      at: Date.parse(finishedAt ?? "") || 0,
      ...(message && { message: message.slice(0, 500) }),
    };
  }
  return undefined;
}

/** What is on the way and needs no words. */
const USUAL = new Set(["ContainerCreating", "PodInitializing", ""]);

/** What keeps the pods from running, in the cluster's words; empty where nothing does. Pure. */
export function troubleOf({ trouble }: Pick<Workload, "trouble">, pods: readonly Pod[]): string {
  const staying = pods.filter((pod) => isAlive(pod) && pod.metadata.deletionTimestamp === undefined);
  for (const { status } of staying.sort(byAge).reverse()) {
    const placed = status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (placed?.status === "False") return `${placed.reason ?? "not placed"}: ${placed.message ?? ""}`;
    for (const container of [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ]) {
      const said = waits(container);
      if (said !== "") return said;
    }
  }
  return trouble;
}

function waits({ name, state, lastState }: ContainerStatus): string {
  const { reason = "", message = "" } = state?.waiting ?? {};
  const ended = state?.terminated ?? lastState?.terminated;
  if (reason === "CrashLoopBackOff" && ended)
    return `container ${name} ends again and again, the last time with exit code ${String(ended.exitCode)}${ended.reason === "OOMKilled" ? " (out of memory)" : ""}`;
  if (!state?.waiting || USUAL.has(reason)) return "";
  return `container ${name}: ${reason}${message === "" ? "" : `: ${message}`}`;
}

/** The addresses and ports at which a Service leads to pods that are ready. */
export function readyEndpoints(
  slices: readonly EndpointSlice[],
): readonly { readonly address: string; readonly ports: readonly number[] }[] {
  return slices.flatMap(({ ports, endpoints }) => {
    const numbers = (ports ?? []).flatMap(({ port, protocol = "TCP" }) =>
      port !== undefined && protocol === "TCP" ? [port] : [],
    );
    // Unset means ready: discovery.k8s.io/v1 wants it read so.
    return (endpoints ?? []).flatMap(({ addresses, conditions }) =>
      conditions?.ready === false
        ? []
        : addresses.slice(0, 1).map((address) => ({ address, ports: numbers })),
    );
  });
}
