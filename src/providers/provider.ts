import { WakegateError, type ErrorCode } from "../errors.ts";

/**
 * The port between watchers and engines. A provider reports and acts; it decides nothing. Watchers trust
 * `inspect` alone: everything else a provider says means "look again".
 */
export interface Provider extends AsyncDisposable {
  readonly kind: ProviderKind;
  /** Name of the configured engine, for instance `local`. */
  readonly engine: string;
  readonly can: ReadonlySet<Capability>;

  /**
   * Follows the engine until `signal` aborts: connects, lists once, then reports changes; after any gap it
   * lists once more. Reconnects by itself with backoff and tells `away` once for each outage. Resolves
   * (never rejects) after the abort.
   */
  watch(sink: EngineSink, signal: AbortSignal): Promise<void>;
  /** The truth about one instance, by id or name; undefined when the engine does not know it. */
  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined>;
  /** Starts a created, exited or dead instance; unpauses a paused one. Being awake already is success. */
  wake(
    instance: Pick<Instance, "id" | "status">,
    signal: AbortSignal,
    patience?: WakePatience,
  ): Promise<void>;
  /**
   * Puts to sleep and resolves when the engine says it is done. Being asleep already is success.
   *
   * @throws ProviderError `engine_busy` while something that passes by itself keeps the engine from it.
   */
  sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void>;
  /** Counters of use since some fixed moment; undefined where the engine has none for this instance. */
  usage(id: string, signal: AbortSignal): Promise<Usage | undefined>;
  /**
   * The last lines written by the instance's latest run, oldest first, without control characters. `ended`: by the
   * latest run that has ended, where the engine has begun another one and can tell them apart.
   */
  logs(id: string, limit: LogLimit, signal: AbortSignal): Promise<readonly string[]>;
  /** Runs a command inside a running instance. Throws `not_supported` where `can` lacks "exec". */
  exec(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /**
   * The commands that people and jobs run inside an instance beside its main process (`docker exec`), each as argv;
   * without its health command and without what `exec` runs. Engines that cannot tell do without.
   *
   * @throws ProviderError when the engine does not say.
   */
  commands?(id: string, signal: AbortSignal): Promise<readonly (readonly string[])[]>;
  /**
   * Which instances are targets, told again after each change. Only engines without events have a use for it:
   * they ask as seldom as those instances allow, and not at all for none.
   */
  follow?(ids: ReadonlySet<string>): void;
  /**
   * What the engine refuses of all that a provider may ask of it, found out without touching any instance. Engines
   * without rights of their own do without. Throws `ProviderError` when the engine does not answer.
   */
  examine?(signal: AbortSignal, ids: ReadonlySet<string>): Promise<EngineExam>;
}

export type ProviderKind = "docker" | "swarm" | "proxmox" | "kubernetes" | "process" | "command" | "wol";
export type Capability = "pause" | "hibernate" | "kill" | "usage" | "logs" | "exec";

/** How much of a log is read, and of which run; see `Provider.logs`. */
export interface LogLimit {
  readonly lines: number;
  readonly bytes: number;
  readonly ended?: boolean;
}

/** What a wake may spend on things that stand in its way and pass by themselves, such as a backup's lock. */
export interface WakePatience {
  /** In ms from the call. */
  readonly withinMs: number;
  /** Called each time that the reason to wait changes, in words for the operator; undefined: the wait is over. */
  readonly onWaiting: (why: string | undefined) => void;
}

/** What an engine lets us do. */
export interface EngineExam {
  /** Each call that is refused, and what has to be granted for it: a setting, a role, a command. */
  readonly refused: readonly { readonly call: string; readonly grant: string }[];
  /** By how many ms the engine's clock is ahead of ours, within a second; unset where it does not tell. */
  readonly clockAheadMs?: number;
  /** The machine that it runs in, and that sleeps: then nothing was asked, and nothing is known to be refused. */
  readonly asleepIn?: string;
}

/** Receives what a provider sees. Calls are synchronous and cheap; order is the engine's. */
export interface EngineSink {
  /** A complete listing: what is not in it does not exist any more. */
  listed(snapshot: EngineSnapshot): void;
  /** Something happened to this instance: look again. */
  changed(change: EngineChange): void;
  /** The engine does not answer (any more). Told once for each outage, with the reason. */
  away(error: ProviderError): void;
}

export interface EngineSnapshot {
  readonly instances: readonly InstanceSummary[];
  /** The instance that Wakegate itself runs in, where that can be known. */
  readonly selfId?: string;
}

export interface EngineChange {
  readonly id: string;
  readonly cause:
    | "created"
    | "started"
    | "signalled"
    | "died"
    | "oom"
    | "stopped"
    | "paused"
    | "unpaused"
    | "health"
    | "destroyed"
    | "renamed"
    | "network";
  /** With cause "signalled": the signal's name (`SIGTERM`), where known. */
  readonly signal?: string;
  /** With cause "died": the exit code, where the engine says it here. */
  readonly exitCode?: number;
}

/** As Docker names them. `created` has never run; `restarting` waits for its restart policy. */
export type InstanceStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** What a listing says of an instance. */
export interface InstanceSummary {
  readonly id: string;
  readonly name: string;
  /** Wall time in ms. */
  readonly createdAt: number;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: InstanceStatus;
  readonly networks: readonly NetworkAttachment[];
  /** Id or name of the instance whose network namespace this one uses. */
  readonly networkOwner?: string;
  /** True when it lives in the host's own network namespace. */
  readonly hostNetwork?: boolean;
  /** What the engine's own routing leads to it by, where it has any: it stands in for a proxy's labels. */
  readonly ingress?: Ingress;
  /** Wall ms at which its last run ended, where a listing tells; only about, the longer ago the less exact. */
  readonly endedAboutAt?: number;
  /** Why it cannot be put to sleep and woken at all, and what to do. */
  readonly unfit?: string;
}

/**
 * The parts of an instance that its labels are read with. They decide whether and how it is a target, and whoever keeps
 * what was read compares all of them.
 */
export type LabelSource = Pick<InstanceSummary, "id" | "name" | "image" | "labels" | "ingress" | "unfit"> & {
  readonly networks: readonly Pick<NetworkAttachment, "name">[];
};

/** Routes that an engine itself keeps for an instance. */
export interface Ingress {
  /** `blog.example.com` or `example.com/blog`. */
  readonly hosts: readonly string[];
  /** The port that they lead to. */
  readonly port?: number;
}

export interface NetworkAttachment {
  readonly name: string;
  /** Empty while the instance does not run. */
  readonly address: string;
  /** Where the engine's host is in this network: connections from there come from the host. */
  readonly gateway?: string;
}

/** What an inspection says of an instance. */
export interface Instance extends InstanceSummary {
  /** Changes with each start: two inspections with equal `runId` saw the same run. Empty: never ran. */
  readonly runId: string;
  /** Wall time in ms of the latest start, if any. */
  readonly startedAt?: number;
  /** How the latest run ended, if it has. */
  readonly exit?: Exit;
  /** `healthy`, on Kubernetes: a Service leads to a pod that is ready. */
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** The image's or container's own health command, as argv for exec. */
  readonly healthcheck?: readonly string[];
  /** Process id of the main process in the host's numbering, while it runs. */
  readonly pid?: number;
  /** TCP ports it declares, ascending. */
  readonly exposedPorts: readonly number[];
  readonly publishedPorts: readonly PublishedPort[];
  /** The instance's own grace between stop signal and kill, in ms. */
  readonly stopTimeoutMs: number;
  readonly stopSignal: string;
  readonly restartPolicy: "no" | "always" | "unless-stopped" | "on-failure";
  /** While a run of its restart policy goes on: how the run before ended, where that is known. */
  readonly previousExit?: Exit;
  /**
   * How many runs its restart policy has begun since it was last started by a call; may be smaller later, after another
   * start. Absent where the engine does not count them.
   */
  readonly restartCount?: number;
  /** It was given a graphics card: memory there is kept by a pause, and some drivers do not survive one. */
  readonly gpu?: boolean;
  /** Why the engine does not stop it now (`CT 104 is locked (backup)`). It passes by itself. */
  readonly locked?: string;
  /** The engine deletes it when it stops (`docker run --rm`): it must never be stopped. */
  readonly removedOnStop?: boolean;
}

export interface Exit {
  readonly code: number;
  readonly oomKilled: boolean;
  /** Wall time in ms. */
  readonly at: number;
  /** The engine's own words, for instance why a start failed. */
  readonly message?: string;
}

export interface PublishedPort {
  readonly port: number;
  readonly hostAddress: string;
  readonly hostPort: number;
}

export type StopMethod = "stop" | "pause" | "hibernate" | "kill";

export interface SleepRequest {
  readonly method: StopMethod;
  /** For stop: asked first; for kill: sent instead of SIGKILL. Default: the instance's own, SIGKILL for kill. */
  readonly signal?: string;
  /** For stop: grace before the engine kills, in ms. Default: the instance's own. */
  readonly timeoutMs?: number;
}

/** Monotonic counters. Compare two readings; a smaller later value means the counters began anew. */
export interface Usage {
  readonly receivedBytes?: number;
  readonly sentBytes?: number;
  readonly cpuSeconds?: number;
  /** Memory that it holds now, without the file cache. No counter: it goes up and down. */
  readonly memoryBytes?: number;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Combined output, cut at 4 KiB. */
  readonly output: string;
}

export type ProviderErrorCode = Extract<
  ErrorCode,
  | "engine_unreachable"
  | "engine_forbidden"
  | "engine_incompatible"
  | "engine_failed"
  | "engine_timeout"
  | "engine_busy"
  | "not_found"
  | "not_supported"
>;

/**
 * What a provider throws: the engine's failure, translated. `engine_busy`: something that passes by itself, such as a
 * backup, keeps the engine from doing it now.  The message says what to do where that is known. */
export class ProviderError extends WakegateError {
  override readonly name = "ProviderError";
  declare readonly code: ProviderErrorCode;
  readonly engine: string;
  /** What was written by whatever failed, newest last: shown only where logs are. */
  readonly output: readonly string[];

  constructor(
    code: ProviderErrorCode,
    engine: string,
    message: string,
    { output = [], ...options }: ErrorOptions & { readonly output?: readonly string[] } = {},
  ) {
    super(code, message, options);
    this.engine = engine;
    this.output = output;
  }
}
