import type { RouteSpec, TargetSpec } from "../config/model.ts";
import type { GoneNotice } from "../config/model/discover.ts";
import type { Subscribable } from "../lib/emitter.ts";
import type { ProbeAddress } from "./readiness/address.ts";
import type { MayNotWake, Progress } from "./progress.ts";
import type { WakeEvent } from "./wake-events.ts";

/** What the edges (forward-auth, streams, API) see of a watcher. They ask; only the watcher acts. */
export interface TargetHandle {
  readonly spec: TargetSpec;
  /** Answers "may a request pass now?" without I/O or allocation; replaced as a whole on each change. */
  readonly gate: Gate;
  /** Fires after `gate` was replaced. */
  readonly changed: Subscribable<void>;
  /** Each event once, as it happens. */
  readonly events: Subscribable<WakeEvent>;
  /** The events of the wake under way, or of the last one, oldest first; at most 100. */
  history(): readonly WakeEvent[];
  progress(): Progress;
  /** What past wakes teach, in ms; all absent before the first good wake. */
  learned(): { readonly usuallyMs?: number; readonly p90Ms?: number };
  /** Notes use: a counted pass. Costs nothing, delays a sleep that is about to happen. */
  touch(use: Use): void;
  /** A request that does not count was let through: it is no use, but a sleep waits until it has arrived. */
  passed(): void;
  /** Asks for a wake; joins one under way. Does nothing in a cool-down or when held down. Never throws. */
  wake(cause: WakeCause): void;
  /** A person's explicit retry: ends a cool-down and wakes. */
  retry(cause: WakeCause): void;
  /** Use that is going on now, until disposed: a held request, an open session. `what` is shown to people. */
  lease(what: string): Disposable;
  /**
   * Somebody's loading page follows it, until disposed: after a failed wake it is tried again for them when
   * the cool-down ends, as long as it has not failed too often. Never wakes what merely sleeps.
   */
  follow(): Disposable;
  /**
   * Where a port of the target is reached now, best first; without `port` its own one. Asks the engine: the
   * answer holds for this run of the target only. Empty: there is no way.
   *
   * @throws ProviderError when the engine does not answer; the signal's reason on abort.
   */
  addresses(port: number | undefined, signal: AbortSignal): Promise<readonly ProbeAddress[]>;
}

/** The state as a request sees it. */
export type Gate =
  | { readonly kind: "ready" }
  /** Asleep: a wake is possible unless `mayNotWake` says why not. */
  | { readonly kind: "asleep"; readonly mayNotWake?: MayNotWake }
  /** On its way up, or down with a wake to follow: wait. `state` is the watcher's own word for it. */
  | { readonly kind: "coming"; readonly state: "waking" | "starting" | "stopping" }
  /** The last wake failed; nothing is tried before `until` (wall ms) unless retried explicitly. */
  | { readonly kind: "failed"; readonly until: number; readonly message: string }
  /** `gone`: the engine does not know it; `away`: the engine does not answer. */
  | { readonly kind: "missing"; readonly why: "gone" | "away"; readonly message: string };

/** One use of a target, for the activity clock and for `why`. */
export interface Use {
  readonly kind: "request" | "session";
  readonly client?: string;
  readonly method?: string;
  readonly path?: string;
  readonly userAgent?: string;
  /** A WebSocket, event-stream or gRPC handshake: the request goes on after the verdict. */
  readonly longLived?: boolean;
}

/** Who asked for a wake, kept in the history. */
export interface WakeCause {
  readonly by: "request" | "stream" | "dependant" | "operator" | "retry" | "schedule";
  readonly client?: string;
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly userAgent?: string;
}

/** Everything that has a route or a name. The edges build their look-up tables from it. */
export interface TargetDirectory {
  readonly entries: readonly DirectoryEntry[];
  /** Fires after `entries` was replaced. */
  readonly changed: Subscribable<void>;
  /** True once every engine was listed at least once, so that an unknown host is really unknown. */
  readonly settled: boolean;
  /** Resolves when `settled` becomes true; rejects with the signal's reason. */
  whenSettled(signal: AbortSignal): Promise<void>;
}

/** A route, and how strong the claim to it is where another target has the same one. */
export interface ClaimedRoute extends RouteSpec {
  /** The operator's file says it: it beats every label. */
  readonly fromFile?: boolean;
  /** Wall ms since when the target has it. Of two claims by labels the older one wins; absent: the youngest. */
  readonly since?: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly routes: readonly ClaimedRoute[];
  /** Absent for a target that cannot be served now: bad labels, or known only from before a restart. */
  readonly handle?: TargetHandle;
  /** Without a handle: the sentence that says why. */
  readonly unavailable?: string;
  /** Known from before, and its engine was listed without it: nothing stands behind its routes. */
  readonly lost?: true;
  /** Not a target but the hosts of a rule that belong to none: what visitors get. */
  readonly gone?: GoneNotice;
}
