import type { Instance } from "../provider.ts";
import type { Run } from "./runs.ts";

/** A machine in the words of the port. It has no address that we know: the target's `address` leads there. */
export function instanceOf(id: string, what: string, createdAt: number, run: Run | undefined): Instance {
  const on = run !== undefined && run.endedAt === undefined;
  return {
    id,
    name: id,
    createdAt,
    image: what,
    labels: {},
    status: on ? "running" : "exited",
    networks: [],
    runId: run?.id ?? "",
    ...(run && { startedAt: run.startedAt }),
    health: "none",
    exposedPorts: [],
    publishedPorts: [],
    stopTimeoutMs: 120_000,
    stopSignal: "SIGTERM",
    restartPolicy: "no",
  };
}
