import type { Exit, Instance, InstanceStatus } from "../../../src/providers/provider.ts";

/** How the app in a container behaves. */
export interface Behaviour {
  /** From its start to its first good answer, ms. */
  bootMs: number;
  /** What it does before that. */
  booting: "refuses" | "answers 503";
  /** From the stop signal to its end, ms. */
  stopMs: number;
  /** Never answers. */
  hangs: boolean;
  /** Ends by itself so long after each start, with this status. */
  dies: { readonly afterMs: number; readonly code: number; readonly oomKilled: boolean } | undefined;
  /** Bytes per second through its network. */
  bytesPerSecond: number;
}

/** One container, as it truly is. */
export interface Box {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly restartPolicy: Instance["restartPolicy"];
  readonly behaviour: Behaviour;
  readonly networkOwner: string | undefined;
  status: InstanceStatus;
  address: string;
  run: string;
  startedAt: number | undefined;
  /** Monotonic ms from which it answers, when it runs. */
  answersFrom: number;
  exit: Exit | undefined;
  health: Instance["health"];
  /** A stop signal was sent to this run. */
  dying: boolean;
  /** Ends in a row, each after a short run. */
  crashes: number;
  bytes: number;
  bytesAt: number;
}

export const PORT = 8_080;
const NETWORK = "apps";

/** A copy of the truth, as an inspection shows it. */
export function instanceOf(box: Box): Instance {
  return {
    id: box.id,
    name: box.name,
    createdAt: box.createdAt,
    image: "app",
    labels: box.labels,
    status: box.status,
    networks: [{ name: NETWORK, address: box.address }],
    ...(box.networkOwner !== undefined && { networkOwner: box.networkOwner }),
    runId: box.run,
    ...(box.startedAt !== undefined && { startedAt: box.startedAt }),
    ...(box.exit && box.status !== "running" && box.status !== "paused" && { exit: box.exit }),
    health: box.health,
    healthcheck: ["healthy"],
    exposedPorts: [PORT],
    publishedPorts: [],
    stopTimeoutMs: 10_000,
    stopSignal: "SIGTERM",
    restartPolicy: box.restartPolicy,
  };
}

/** Whether a request to the app would be answered well now. */
export function answers(box: Box, monotonic: number): boolean {
  return box.status === "running" && !box.behaviour.hangs && !box.dying && monotonic >= box.answersFrom;
}
