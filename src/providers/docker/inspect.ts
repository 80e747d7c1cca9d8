import type Docker from "dockerode";
import { ProviderError, type Exit, type Instance, type PublishedPort } from "../provider.ts";
import { signalName } from "../signal-names.ts";
import type { Connection } from "./connection.ts";
import { isCut } from "./errors.ts";
import { networking } from "./networking.ts";
import { isReference } from "./reference.ts";
import { toStatus } from "./status.ts";

/** Fields that the engine sends and the type package lacks. */
type Inspected = Docker.ContainerInspectInfo & {
  readonly Config: {
    readonly StopSignal?: string;
    readonly StopTimeout?: number;
    readonly Shell?: readonly string[];
  };
};

/** Docker's grace where neither container nor request says one. */
const DEFAULT_STOP_TIMEOUT_MS = 10_000;
/** A negative stop timeout means "wait for ever"; a day is as good and can be added to. */
const ENDLESS_STOP_TIMEOUT_MS = 86_400_000;

/** The container of exactly this name or id (or id prefix of 12 and more), undefined when there is none. */
export async function inspect(
  connection: Connection,
  ref: string,
  signal: AbortSignal,
): Promise<Instance | undefined> {
  const info = await inspectRaw(connection, ref, signal);
  return info && toInstance(info, connection.isPodman, connection.exitCodes.get(info.Id));
}

/** As {@link inspect}, in the engine's own words. */
export async function inspectRaw(
  connection: Connection,
  ref: string,
  signal: AbortSignal,
): Promise<Inspected | undefined> {
  if (!isReference(ref)) return undefined;
  const ask = (): Promise<Inspected> =>
    connection.call("inspect", signal, (docker, abortSignal) =>
      docker.getContainer(ref).inspect({ abortSignal }),
    );
  try {
    // Asking changes nothing, so a cut connection is no reason to give up a wake: an engine that is away is away then.
    const info = await ask().catch((error: unknown) => {
      if (!isCut(error)) throw error;
      return ask();
    });
    return isSame(info, ref) ? info : undefined;
  } catch (error) {
    if (error instanceof ProviderError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** A name that nothing has is taken by Docker as the beginning of an id: `cafe` may find another container. */
function isSame({ Id, Name }: Inspected, ref: string): boolean {
  return Id === ref || Name === `/${ref}` || (ref.length >= 12 && Id.startsWith(ref));
}

function toInstance(info: Inspected, podman: boolean, lastExitCode: number | undefined): Instance {
  const { Config, HostConfig, NetworkSettings, State } = info;
  const status = toStatus(State.Status);
  const startedAt = toTime(State.StartedAt);
  const runs = status === "running" || status === "paused";
  const exit = runs ? undefined : toExit(info);
  const finishedAt = toTime(State.FinishedAt);
  const isNextRun = runs && info.RestartCount > 0 && finishedAt !== undefined && lastExitCode !== undefined;
  const healthcheck = healthCommand(Config);
  return {
    id: info.Id,
    name: info.Name.slice(1),
    // Whole seconds, as listings have them: both must compare as equal.
    createdAt: Math.floor(Date.parse(info.Created) / 1000) * 1000,
    image: Config.Image,
    labels: Config.Labels ?? {},
    status,
    ...networking(HostConfig.NetworkMode, NetworkSettings.Networks),
    runId: startedAt === undefined ? "" : `${info.Id.slice(0, 12)}@${State.StartedAt}`,
    ...(startedAt !== undefined && { startedAt }),
    ...(exit && { exit }),
    ...(isNextRun && { previousExit: { code: lastExitCode, oomKilled: false, at: finishedAt } }),
    health: toHealth(State.Health?.Status),
    ...(healthcheck && { healthcheck }),
    ...(runs && State.Pid > 0 && { pid: State.Pid }),
    exposedPorts: exposedPorts(Config),
    publishedPorts: publishedPorts(NetworkSettings.Ports),
    // Podman notes 0 for whoever said nothing by Docker's API, and would kill at once.
    stopTimeoutMs: toGrace(podman ? Config.StopTimeout || undefined : Config.StopTimeout),
    stopSignal: (Config.StopSignal && signalName(Config.StopSignal)) || "SIGTERM",
    ...(hasGpu(HostConfig) && { gpu: true }),
    ...(HostConfig.AutoRemove === true && { removedOnStop: true }),
    // The engine counts a run when it decides on it, which is before the run begins.
    restartCount: Math.max(0, (info.RestartCount || 0) - (status === "restarting" ? 1 : 0)),
    restartPolicy: (HostConfig.RestartPolicy?.Name || "no") as Instance["restartPolicy"],
  };
}

function hasGpu(host: Docker.HostConfig): boolean {
  const requests =
    (host.DeviceRequests as readonly { Driver?: string; Capabilities?: string[][] }[] | null) ?? [];
  const byRequest = requests.some(
    ({ Driver, Capabilities }) => Driver === "nvidia" || Capabilities?.flat().includes("gpu"),
  );
  return byRequest || host.Runtime === "nvidia";
}

/** Wall time in ms; Docker says "never" with the year 1. */
function toTime(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return time > 0 ? time : undefined;
}

function toGrace(seconds: number | null | undefined): number {
  if (seconds === undefined || seconds === null) return DEFAULT_STOP_TIMEOUT_MS;
  return seconds < 0 ? ENDLESS_STOP_TIMEOUT_MS : seconds * 1000;
}

/** A start that failed leaves no end time, only an error and an exit code. */
function toExit({ Created, State }: Inspected): Exit | undefined {
  const at = toTime(State.FinishedAt) ?? (State.Error ? toTime(Created) : undefined);
  if (at === undefined) return undefined;
  return {
    code: State.ExitCode,
    oomKilled: State.OOMKilled,
    at,
    ...(State.Error && { message: State.Error }),
  };
}

function toHealth(word: string | undefined): Instance["health"] {
  return word === "starting" || word === "healthy" || word === "unhealthy" ? word : "none";
}

/** The image's or container's own health command, as argv; undefined where there is none. */
export function healthCommand({ Healthcheck, Shell }: Inspected["Config"]): readonly string[] | undefined {
  const [kind, ...rest] = Healthcheck?.Test ?? [];
  if (kind === "CMD" && rest.length > 0) return rest;
  if (kind === "CMD-SHELL" && rest.length > 0)
    return [...(Shell?.length ? Shell : ["/bin/sh", "-c"]), rest.join(" ")];
  return undefined;
}

function exposedPorts({ ExposedPorts }: Inspected["Config"]): number[] {
  return Object.keys((ExposedPorts as Record<string, unknown> | null) ?? {})
    .map(tcpPort)
    .filter((port) => port !== undefined)
    .sort((a, b) => a - b);
}

function publishedPorts(
  ports: Docker.ContainerInspectInfo["NetworkSettings"]["Ports"] | null,
): PublishedPort[] {
  return Object.entries(ports ?? {}).flatMap(([key, bindings]) => {
    const port = tcpPort(key);
    if (port === undefined) return [];
    const bound = (bindings as { HostIp: string; HostPort: string }[] | null) ?? [];
    return bound.map(({ HostIp, HostPort }) => ({ port, hostAddress: HostIp, hostPort: Number(HostPort) }));
  });
}

function tcpPort(key: string): number | undefined {
  const [port, protocol = "tcp"] = key.split("/");
  return protocol === "tcp" ? Number(port) : undefined;
}
