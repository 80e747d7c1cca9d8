import type { PollerEvidence } from "../forward-auth/pollers.ts";
import type { Problem, Settings } from "../config/model.ts";
import type { Doctor } from "../doctor/doctor.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Stretch } from "../store/run-log.ts";
import type { ReplicasStatus } from "../replicas/status.ts";
import type { Store } from "../store/store.ts";
import type { Registry } from "../watchers/registry/registry.ts";
import type { AccessRules } from "./auth/access.ts";
import type { EventHub } from "./events/event-hub.ts";
import type { AdminStreams } from "./events/event-streams.ts";
import type { Leases } from "./leases.ts";
import type { Notifier } from "./notify/notifier.ts";

/** What a reload did; with problems of severity `error` nothing was applied. */
export interface ReloadOutcome {
  readonly applied: boolean;
  readonly problems: readonly Problem[];
  readonly restartNeeded: readonly string[];
}

/** Reads the configuration anew. */
export type Reload = () => Promise<ReloadOutcome>;

/** Everything that API and dashboard are built from. */
export interface AdminParts {
  /** Who polls a target now. */
  readonly polls?: (target: string) => readonly PollerEvidence[];
  /** When Wakegate did not run. */
  readonly gaps?: () => readonly Stretch[];
  readonly registry: Registry;
  /** How things stand with the other Wakegates; absent where there are none. */
  readonly replicas?: () => ReplicasStatus;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly hub: EventHub;
  readonly streams: AdminStreams;
  readonly leases: Leases;
  readonly doctor: Doctor;
  readonly notifier: Pick<Notifier, "try" | "waiting">;
  readonly settings: () => Settings;
  readonly rules: () => AccessRules;
  readonly reload?: Reload;
  /** Held requests and open event streams of visitors. */
  readonly visitors: () => { readonly held: number; readonly streams: number };
  readonly version: string;
  /** Aborts when the service ends. */
  readonly stopped: AbortSignal;
}
