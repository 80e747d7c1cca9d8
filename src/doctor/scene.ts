import type { Problem, Settings, TargetSpec } from "../config/model.ts";
import type { Arrival } from "../forward-auth/probes.ts";
import type { EngineExam, Instance, InstanceSummary, ProviderKind } from "../providers/provider.ts";
import type { Failure } from "../watchers/progress.ts";
import type { TraefikPoll } from "../publish/traefik/polls.ts";

/** Everything that the checks judge, gathered before. Values only. */
export interface Scene {
  /** Within the running service, or without it, by the configuration alone. */
  readonly mode: "service" | "alone";
  /** Alone: why the service was not asked. */
  readonly serviceDown?: string;
  readonly settings: Settings;
  /** Wall ms. */
  readonly at: number;
  /** How long the service has run, in ms. */
  readonly uptimeMs?: number;
  /** What is wrong with the file and the labels. */
  readonly problems: readonly Problem[];
  readonly engines: readonly EngineScene[];
  readonly targets: readonly TargetScene[];
  readonly proxy: ProxyScene;
  /** When Traefik last asked for its configuration. */
  readonly traefikPoll?: TraefikPoll;
  readonly state: StateScene;
  /** Of this process: `Europe/Berlin`. */
  readonly timeZone: string;
}

/** One engine. */
export interface EngineScene {
  readonly name: string;
  readonly kind: ProviderKind;
  /** Why it cannot be asked. */
  readonly failure?: { readonly code: string; readonly message: string };
  readonly exam?: EngineExam;
  readonly instances: readonly InstanceSummary[];
  /** The container that Wakegate runs in. */
  readonly self?: InstanceSummary;
}

/** One target. */
export interface TargetScene {
  readonly spec: TargetSpec;
  readonly engine: string;
  /** What it is now; unset: it is not there, or its engine does not answer. */
  readonly instance?: Instance;
  /** The container whose network it uses. */
  readonly owner?: InstanceSummary;
  /** The port that answered, where the image declares several and nothing says which one it is. */
  readonly provenPort?: number;
  /** Why its last wake failed, while Wakegate says so. */
  readonly failure?: Failure;
  /** Addresses that were tried, while it runs, and how that ended. */
  readonly tried: readonly { readonly address: string; readonly failure?: string }[];
  /** Wall ms at which a proxy was last let through to it. */
  readonly lastUseAt?: number;
}

/** What the probes through the proxy showed. */
export type ProxyScene =
  | { readonly kind: "not-asked"; readonly why: string }
  | {
      readonly kind: "asked";
      /** `https://172.18.0.2:443`; unset: nothing answered anywhere. */
      readonly entry?: string;
      /** Every place that was tried before, with the reason why it was not taken. */
      readonly missed: readonly string[];
      readonly probes: readonly Probed[];
      /** Addresses that asked for verdicts since the start. */
      readonly askers: readonly string[];
      /** Somebody on this machine asked. */
      readonly fromLoopback: boolean;
    };

/** One target's host, asked through the proxy. */
export interface Probed {
  readonly target: string;
  readonly host: string;
  readonly path: string;
  readonly reply: Reply;
  readonly arrivals: readonly Arrival[];
  /** The same for `/.wakegate/` on that host. */
  readonly own: { readonly reply: Reply; readonly arrivals: readonly Arrival[] };
}

/** What came back to the prober. */
export type Reply =
  | { readonly kind: "failed"; readonly message: string }
  | {
      readonly kind: "answered";
      readonly status: number;
      /** X-Wakegate. */
      readonly wakegate?: string;
      readonly server?: string;
      readonly location?: string;
      /** By how many ms the proxy's clock is ahead of ours, within a second. */
      readonly clockAheadMs?: number;
    };

/** The folder of state. */
export interface StateScene {
  readonly dir: string;
  /** Code of the error that writing a file there gave: `EACCES`. */
  readonly failure?: string;
  readonly freeBytes?: number;
  /** False: it is part of the container's own file system, and lost with it. */
  readonly onVolume?: boolean;
}
