import type { KubeObject } from "./kinds.ts";
import type { ContainerView } from "./kubelet.ts";

/** The parts of a workload that the controllers read. */
export interface WorkloadSpec {
  readonly replicas?: number;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec: {
      readonly terminationGracePeriodSeconds?: number;
      readonly readinessGates?: readonly { readonly conditionType: string }[];
      readonly containers: readonly {
        readonly name: string;
        readonly image: string;
        readonly env?: readonly { readonly name: string; readonly value?: string }[];
        readonly readinessProbe?: unknown;
      }[];
    };
  };
}

/** What is known of a pod besides its own object. */
export interface PodFacts {
  readonly view: ContainerView;
  readonly address: string;
  /** Why no node takes it. */
  readonly unschedulable?: string;
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** Its readiness gates are open. */
  readonly gate: boolean;
}

/** A pod's status as the kubelet reports it. */
export function podStatus(
  object: KubeObject,
  { view, address, unschedulable, waiting, gate }: PodFacts,
): object {
  const leaving = object.metadata.deletionTimestamp !== undefined;
  const condition = (type: string, holds: boolean, more: object = {}): object => ({
    type,
    status: holds ? "True" : "False",
    ...more,
  });
  if (unschedulable !== undefined)
    return {
      phase: "Pending",
      conditions: [
        condition("PodScheduled", false, { reason: "Unschedulable", message: unschedulable }),
        condition("Ready", false),
      ],
    };
  const ended = view.ended && {
    terminated: {
      exitCode: view.ended.exitCode,
      reason: view.ended.exitCode === 0 ? "Completed" : "Error",
      finishedAt: view.ended.finishedAt,
    },
  };
  const state = waiting
    ? { waiting }
    : view.state === "running"
      ? { running: { startedAt: view.startedAt } }
      : view.state === "crashed" && !leaving
        ? { waiting: { reason: "CrashLoopBackOff", message: "back-off restarting failed container" } }
        : (ended ?? { waiting: { reason: "ContainerCreating" } });
  return {
    phase: view.state === "waiting" ? "Pending" : "Running",
    startTime: object.metadata.creationTimestamp,
    podIP: address,
    conditions: [
      condition("PodScheduled", true),
      condition("ContainersReady", view.ready),
      condition("Ready", view.ready && gate && !leaving, gate ? {} : { reason: "ReadinessGatesNotReady" }),
    ],
    containerStatuses: [
      {
        name: "app",
        ready: view.ready,
        restartCount: view.restarts,
        state,
        ...(ended && view.state === "crashed" && { lastState: ended }),
      },
    ],
  };
}

export function isPodReady({ status }: KubeObject): boolean {
  const { conditions = [] } = (status ?? {}) as {
    conditions?: readonly { readonly type: string; readonly status: string }[];
  };
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
