import { signalName } from "../signal-names.ts";
import type { Exit, Instance, InstanceStatus, NetworkAttachment } from "../provider.ts";
import type { Service, Task } from "./api.ts";
import { REMEMBERED } from "./replicas.ts";

const DEFAULT_GRACE_MS = 10_000;
/** States of tasks that are over. */
const OVER = new Set(["complete", "shutdown", "failed", "rejected", "remove", "orphaned"]);

/** States of tasks that nobody asked to end. */
const ENDED = new Set(["complete", "failed", "rejected"]);

/** How a service stands, judged by its tasks. */
export interface Standing {
  readonly status: InstanceStatus;
  /** Changes when no task of before runs any more. */
  readonly runId: string;
  /** It goes down: nobody wants the tasks that still run. */
  readonly leaving: boolean;
  /** The oldest task that runs, or the latest that did. */
  readonly task?: Task;
}

/** A service in the words of the port: one instance, whatever its number of replicas. Pure. */
export function describe(
  service: Service,
  tasks: readonly Task[],
  networks: ReadonlyMap<string, string>,
): Instance {
  const { Spec, Endpoint } = service;
  const container = Spec.TaskTemplate.ContainerSpec ?? {};
  const { status, runId, task } = standing(service, tasks);
  const ports = (Endpoint?.Ports ?? []).filter(({ Protocol = "tcp" }) => Protocol === "tcp");
  const exit =
    status === "exited"
      ? exitOf(service, task)
      : status === "restarting"
        ? exitOf(service, latestEnd(service, tasks))
        : undefined;
  const startedAt = Date.parse(task?.Status.Timestamp ?? "");
  const unfit = unfitness(service);
  return {
    id: service.ID,
    name: Spec.Name,
    createdAt: Date.parse(service.CreatedAt),
    image: container.Image ?? "",
    labels: labelsOf(service),
    status,
    networks: attachments(service, tasks, networks),
    ...(unfit !== undefined && { unfit }),
    runId,
    ...(status === "running" && startedAt > 0 && { startedAt }),
    ...(exit && { exit }),
    // A task counts as running only when its health command is content.
    health: "none",
    exposedPorts: [...new Set(ports.map(({ TargetPort }) => TargetPort))].sort((a, b) => a - b),
    publishedPorts: ports.flatMap(({ TargetPort, PublishedPort }) =>
      PublishedPort === undefined
        ? []
        : [{ port: TargetPort, hostAddress: "0.0.0.0", hostPort: PublishedPort }],
    ),
    stopTimeoutMs:
      container.StopGracePeriod === undefined ? DEFAULT_GRACE_MS : container.StopGracePeriod / 1e6,
    stopSignal: (container.StopSignal && signalName(container.StopSignal)) || "SIGTERM",
    // The swarm's own policy makes new tasks, which are seen as such; what is over for good is "exited".
    restartPolicy: "no",
  };
}

/** Running: at least one task is. Restarting: tasks are wanted, and none runs yet. Pure. */
export function standing({ Spec, ID }: Pick<Service, "Spec" | "ID">, tasks: readonly Task[]): Standing {
  const own = tasks
    .filter((task) => task.ServiceID === ID && !(isOver(task) && task.DesiredState === "remove"))
    .sort((a, b) => (a.CreatedAt < b.CreatedAt ? -1 : 1));
  const runs = own.filter(({ Status }) => Status.State === "running");
  const alive = own.filter((task) => !isOver(task));
  const wanted = Spec.Mode.Replicated ? (Spec.Mode.Replicated.Replicas ?? 1) > 0 : true;
  const run = (task: Task | undefined): Pick<Standing, "runId" | "task"> =>
    task ? { runId: `${ID.slice(0, 12)}@${task.ID}`, task } : { runId: "" };
  if (!wanted) {
    // A task that was never started is taken back at once; one that runs gets its time.
    const leaving = runs.length > 0;
    return { status: leaving ? "running" : "exited", leaving, ...run(runs[0] ?? own.at(-1)) };
  }
  const steady = runs.filter(({ DesiredState }) => DesiredState === "running");
  if (steady.length > 0) return { status: "running", leaving: false, ...run(steady[0]) };
  if (alive.length > 0 || own.length === 0)
    return { status: "restarting", leaving: false, ...run(alive.at(-1)) };
  return { status: "exited", leaving: false, ...run(own.at(-1)) };
}

/** It will never run again: the swarm makes new ones in its place. */
export function isOver({ Status }: Task): boolean {
  return OVER.has(Status.State);
}

/** The latest of its tasks that ended although it was wanted. */
export function latestEnd({ ID }: Pick<Service, "ID">, tasks: readonly Task[]): Task | undefined {
  const ended = tasks.filter((task) => task.ServiceID === ID && endedByItself(task));
  return ended.sort((a, b) => (a.CreatedAt < b.CreatedAt ? -1 : 1)).at(-1);
}

/** It ended, or could not begin, although the swarm wanted it. */
export function endedByItself({ Status, DesiredState }: Task): boolean {
  return ENDED.has(Status.State) && DesiredState !== "remove";
}

/** Why it cannot be scaled to nothing and back. */
function unfitness({ Spec: { Mode } }: Service): string | undefined {
  if (Mode.Replicated) return undefined;
  const what = Mode.Global ? "a global service runs on every node" : "a job runs to its end by itself";
  return `${what} and cannot be scaled: deploy it with mode: replicated, or remove wakegate.enable`;
}

/** With what a stack says of its services, in the words of Compose. */
function labelsOf({ Spec }: Service): Readonly<Record<string, string>> {
  const { [REMEMBERED]: _, ...labels } = Spec.Labels ?? {};
  const project = labels["com.docker.stack.namespace"];
  if (project === undefined) return labels;
  const service = Spec.Name.startsWith(`${project}_`) ? Spec.Name.slice(project.length + 1) : Spec.Name;
  return { "com.docker.compose.project": project, "com.docker.compose.service": service, ...labels };
}

/** The service's own virtual address on each network; without one, those of its tasks. */
function attachments(
  { ID, Endpoint, Spec }: Service,
  tasks: readonly Task[],
  names: ReadonlyMap<string, string>,
): readonly NetworkAttachment[] {
  const found = new Map<string, NetworkAttachment>();
  const add = (id: string, address: string | undefined): void => {
    const name = names.get(id);
    if (name !== undefined && (address || !found.has(name)))
      found.set(name, { name, address: address?.replace(/\/\d+$/, "") ?? "" });
  };
  for (const { Target } of Spec.TaskTemplate.Networks ?? []) add(Target, undefined);
  for (const { ServiceID, Status, NetworksAttachments } of tasks) {
    if (ServiceID !== ID || Status.State !== "running") continue;
    for (const { Network, Addresses } of NetworksAttachments ?? []) add(Network.ID, Addresses?.[0]);
  }
  for (const { NetworkID, Addr } of Endpoint?.VirtualIPs ?? []) add(NetworkID, Addr);
  // The mesh of published ports is a network of the swarm's own.
  found.delete("ingress");
  return [...found.values()];
}

/** How its last task ended, where nobody asked it to. */
function exitOf({ Spec }: Service, task: Task | undefined): Exit | undefined {
  const replicas = Spec.Mode.Replicated?.Replicas ?? 1;
  if (!task || replicas === 0 || !isOver(task)) return undefined;
  const { Timestamp, ContainerStatus, Err } = task.Status;
  return {
    code: ContainerStatus?.ExitCode ?? 1,
    oomKilled: false,
    at: Date.parse(Timestamp ?? task.CreatedAt),
    ...(Err && { message: Err }),
  };
}
