import type { AppPresetName } from "../presets/apps.ts";
import type { TrafficPresetName } from "../presets/traffic.ts";
import type { StopMethod } from "../providers/provider.ts";
import type { ForeignName } from "./labels/foreign/names.ts";
import type { DefaultsLayer, TargetLayer } from "./schema/target.ts";
import type { UseOptions } from "./model/use.ts";
import type { ApiSettings } from "./model/api.ts";
import type { DiscoverRule, TargetScope } from "./model/discover.ts";
import type { EngineSpec } from "./model/engine.ts";
import type { PoolOptions, PoolSpec } from "./model/pool.ts";
import type { NotifySettings } from "./model/notify.ts";
import type { RedisStoreSettings } from "./model/store.ts";
import type { MachineEngineSpec } from "./model/machine.ts";
import type { RequestRights, RuleSpec, WakeRate } from "./model/rules.ts";
import type { ForwardSpec, ListenAddress, StreamOptions, TcpSpec } from "./model/stream.ts";
import type { TraefikSettings, TraefikTargetOptions } from "./model/traefik.ts";

/** The configuration as the rest of Wakegate sees it: complete, checked, durations in milliseconds. */
export interface Settings {
  /** Internal listener: forward-auth, API, health, metrics. */
  readonly listen: ListenAddress;
  /** Public listener: `/.wakegate/*` and the catch-all. */
  readonly publicListen: ListenAddress;
  /** Absolute path. */
  readonly stateDir: string;
  /** Socket peers whose forwarded headers count: CIDR blocks, the words `loopback` and `private` resolved. */
  readonly trustedProxies: readonly string[];
  /** False when `trustedProxies` is only the default, which is said at start. */
  readonly trustedProxiesSet: boolean;
  /** What a host that belongs to no target gets. */
  readonly unknownHosts: "allow" | "deny";
  /** Folder whose files take the place of the built-in templates. Absolute path. */
  readonly templatesDir?: string;
  /** What the public listener does with hosts of targets: nothing, tell how they stand, or wake them. */
  readonly catchAll: "off" | "page" | "wake";
  /** Unset: nothing is published. */
  readonly traefik?: TraefikSettings;
  /** Base URL of the public listener as browsers reach it, for `page_mode: redirect`. No trailing slash. */
  readonly publicUrl?: string;
  /** Base URL of Caddy's admin API, which knows how many requests are in flight. No trailing slash. */
  readonly caddyAdmin?: string;
  readonly log: { readonly level: LogLevel; readonly format: "auto" | "json" | "pretty" };
  readonly api: ApiSettings;
  /** Unset: nobody is told of anything. */
  readonly notify?: NotifySettings;
  /** Unset: this Wakegate is alone. */
  readonly redis?: RedisStoreSettings;
  readonly limits: { readonly holdsPerTarget: number; readonly holds: number; readonly streams: number };
  /** First and last port that listeners of labels may have; the last below the first: none. */
  readonly tcpLabelPorts: readonly [number, number];
  /** Other programs whose labels are read as well. */
  readonly foreignLabels: readonly ForeignName[];
  /** How often sleeping targets may be woken. Joining a wake under way is free. */
  readonly wakeRate: WakeRate;
  readonly engines: readonly EngineSpec[];
  /** What targets share. */
  readonly pools: readonly PoolSpec[];
  /** For containers without labels, in the order in which they are asked. */
  readonly discover: readonly DiscoverRule[];
  /** For the targets that come from labels. */
  readonly defaults: TargetDefaults;
  /** Targets that the file defines completely: with a container or a program. */
  readonly targets: readonly TargetSpec[];
  /** What the file says of each target, to be laid over the labels of its container; sources are optional. */
  readonly fileTargets: readonly FileTarget[];
  /** The defaults as written, to be laid under labels. */
  readonly defaultsLayer: DefaultsLayer;
}

/** What the file says of one target, before labels and defaults complete it. */
export interface FileTarget {
  readonly name: string;
  /** `wakegate.yaml:12:3`. */
  readonly origin: string;
  readonly layer: TargetLayer;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Everything that says how one target behaves. */
export interface TargetOptions extends UseOptions, PoolOptions {
  readonly scheme: "http" | "https";
  /** TCP port on the target's own address. Unset: found from labels or the lowest exposed one. */
  readonly port?: number;
  /** Host, or host:port, that readiness asks in place of the container's own address. File and labels. */
  readonly address?: string;
  /** Network whose address is taken when the instance is on several. */
  readonly network?: string;
  /** Unset: never put to sleep for being idle. */
  readonly idleTimeoutMs?: number;
  readonly wakeTimeoutMs: number;
  /** Unset: the container's own grace. */
  readonly stopTimeoutMs?: number;
  readonly stopMethod: StopMethod;
  /** Unset: the image's own. Always with the `SIG` prefix. */
  readonly stopSignal?: string;
  readonly dependsOn: readonly DependencySpec[];
  /** Path that alone may wake the target. */
  readonly startEndpoint?: string;
  readonly noLoadingPage: boolean;
  /** How long a browser is held before the page is shown. Unset: learned (1.2 s for quick wakes, else 0). */
  readonly pageAfterMs?: number;
  readonly pageMode: "inline" | "redirect";
  readonly page: PageOptions;
  readonly holdTimeoutMs: number;
  readonly onManualStop: "nap" | "hold";
  readonly foreignStopGraceMs: number;
  readonly readiness: ReadinessOptions;
  readonly stream: StreamOptions;
  /** Kinds of traffic that are no use; see `presets/traffic.ts`. */
  readonly presets: readonly TrafficPresetName[];
  /** What some requests may not do. All that match take away, so their order says nothing. */
  readonly rules: readonly RuleSpec[];
  readonly pollers: RequestRights;
}

export interface PageOptions {
  /** Shows names of dependencies, exit codes and reasons to whoever sees the page. */
  readonly details: boolean;
  /** With details: the last log lines after a failure. */
  readonly logs: boolean;
  /** "Wakegate" in the footer. */
  readonly footer: boolean;
}

export interface ReadinessOptions {
  /**
   * How readiness is proved. `auto`: a connection for stream targets without routes, HTTP where a port or
   * route is known, else the health command, else running is enough.
   */
  readonly kind:
    "auto" | "http" | "tcp" | "postgres" | "mysql" | "redis" | "minecraft" | "healthcheck" | "none";
  readonly path: string;
  /** Host header of the probe. Unset: the first exact route host, else the address. */
  readonly host?: string;
  /** Inclusive ranges of HTTP statuses that count as ready. Default: 100-499. */
  readonly statuses: readonly (readonly [number, number])[];
  /** Deadline of one probe. */
  readonly timeoutMs: number;
}

export type TargetDefaults = TargetOptions & {
  /** Host templates such as `{service}.example.com` for labelled containers without hosts of their own. */
  readonly hosts: readonly string[];
};

export interface TargetSpec extends TargetOptions {
  readonly name: string;
  /** What people read. Default: the name. */
  readonly displayName: string;
  /** Where it was defined, for messages: `wakegate.yaml:12:3`, `labels of container blog (local)`. */
  readonly origin: string;
  readonly source: TargetSource;
  /** The app's own preset that its options are made with. */
  readonly preset?: AppPresetName;
  readonly routes: readonly RouteSpec[];
  /** Groups of containers that wake with it, as labels of Sablier name them. */
  readonly groups?: readonly string[];
  /** Unset: its own container. */
  readonly scope?: TargetScope;
  /** The rule that made it, where it carries no label for it: `discover[0] (wakegate.yaml:4:5)`. */
  readonly discoveredBy?: string;
  /** Who says what `port` is, for messages: `label wakegate.port`. Unset: nobody, or not known. */
  readonly portFrom?: string;
  /** TCP listeners that lead here. Unset: none. */
  readonly tcp?: readonly TcpSpec[];
  readonly udp?: readonly ForwardSpec[];
  /** True where a proxy's labels send HTTP there, also by a rule whose hosts cannot be listed. */
  readonly proxied?: boolean;
  /** How it is published to Traefik, where that differs from the rest. */
  readonly traefik?: TraefikTargetOptions;
}

export type TargetSource =
  | { readonly kind: "docker"; readonly engine: string; readonly container: string }
  | { readonly kind: "swarm"; readonly engine: string; readonly service: string }
  | { readonly kind: "proxmox"; readonly engine: string; readonly vmid: number }
  | ({ readonly kind: "kubernetes"; readonly engine: string } & KubernetesSource)
  | {
      readonly kind: "machine";
      readonly engine: string;
      readonly by: MachineEngineSpec["kind"];
      /** Something says how to put it to sleep. */
      readonly sleeps: boolean;
    }
  | { readonly kind: "process"; readonly engine: "process"; readonly process: ProcessSpec };

export interface KubernetesSource {
  readonly namespace: string;
  /** `deployment/blog`. */
  readonly workload: string;
}

export interface ProcessSpec {
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface RouteSpec {
  /** Lower case, no port: `blog.example.com`, or `*.example.com` for one label in place of the star. */
  readonly host: string;
  /** Path prefix, `/` for all. Matches whole segments. */
  readonly prefix: string;
}

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface DependencySpec {
  /** Name of a target, or a Compose service of the same project. */
  readonly name: string;
  readonly condition: DependencyCondition;
}

/** One thing that is wrong with the configuration, complete enough to mend it. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** `wakegate.yaml:12:5`, or `container blog (local)`. */
  readonly where: string;
  /** Key or label: `targets.blog.idle_timeout`, `wakegate.idle_timeout`. */
  readonly key: string;
  /** What is there, as written. Unset when something is missing. */
  readonly value?: string;
  /** What was expected and what to do, in one or two sentences. */
  readonly message: string;
  /** Something is absent, or there twice: normal for some seconds while containers are created or replaced. */
  readonly mayPass?: boolean;
}
