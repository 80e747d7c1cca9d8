import type { TargetSpec } from "../config/model.ts";
import type { Clock } from "../lib/clock.ts";
import type { Emitter } from "../lib/emitter.ts";
import type { Log } from "../lib/log.ts";
import type { Rounds } from "../lib/rounds.ts";
import type { Instance, InstanceSummary, Provider } from "../providers/provider.ts";
import type { Store } from "../store/store.ts";
import type { Activity } from "./activity/activity.ts";
import type { ReadProc } from "./activity/connections.ts";
import type { LastLook } from "./activity/last-look.ts";
import type { Asked } from "./asked.ts";
import type { Room, RoomNews } from "./pools/room.ts";
import type { Peer } from "./activity/peer.ts";
import type { Coordination } from "./coordination.ts";
import type { DependencyReport, Edge } from "./dependencies.ts";
import type { FailureFacts } from "./failure.ts";
import type { Learned } from "./history.ts";
import type { Orders } from "./orders.ts";
import type { Failure } from "./progress.ts";
import type { Lanes } from "./lanes.ts";
import type { Wake } from "./state.ts";
import type { ProbeResult } from "../lib/probe-result.ts";
import type { Probes } from "./readiness/probes.ts";
import type { SilentPort } from "./readiness/silent-port.ts";
import type { Vantage } from "./readiness/address.ts";

/** What a watcher is told about the world around its target. Implemented by the registry. */
export interface Surroundings {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  /** The order of calls that change something. It outlives the watcher: a call of one that is gone goes to its end. */
  readonly lanes: Lanes;
  /** When uses are written down. */
  readonly usesWritten: Rounds;
  /** The other Wakegates, where there are several. */
  readonly coordination: Coordination;
  readonly vantage: Vantage;
  /** How addresses are asked whether somebody serves there. */
  readonly probes: Probes;
  /** Where the host's proc file system is readable; unset: nowhere. */
  readonly procDir: string | undefined;
  /** Reads below it. */
  readonly readProc: ReadProc | undefined;
  /** Base URL of Caddy's admin API. */
  readonly caddyAdmin: string | undefined;
  /** Inspects the instance that the target is bound to now, also when it was recreated. */
  locate(signal: AbortSignal): Promise<Instance | undefined>;
  /** As `locate`; but an inspection that was asked for before is good enough, where no change was told since. */
  current(signal: AbortSignal): Promise<Instance | undefined>;
  /** The instance whose network namespace this one uses. */
  networkOwner(instance: Instance): InstanceSummary | undefined;
  /** Who has this address, seen from the target. */
  peerOf(address: string, instance: Instance): Peer;
  /** Other names and addresses under which the instance can be found on its networks. */
  aliases(instance: Instance): readonly string[];
  /**
   * True for a run that came up with an engine's or our own start, without anybody asking: its restart policy
   * brought it back, although we had put it to sleep.
   */
  cameBack(): boolean;
  /** The place of one more target that is put back to sleep, in ms from now: one after the other. */
  comebackSlotMs(): number;
  /** What this target depends on. */
  edges(): readonly Edge[];
  /**
   * Puts the parts of it that depend on it to sleep, and waits for them a while; false when one of them is in use.
   * Never throws but the signal's reason.
   */
  companionsAsleep(force: boolean, signal: AbortSignal): Promise<boolean>;
  /** Names of those that are awake, or run unmanaged, and need this target. */
  neededBy(): readonly string[];
  /** Why this target may not be put to sleep at all (it is the proxy that asks us, for instance). */
  exempt(): string | undefined;
  /** What it shares with others. */
  readonly room: Room;
  /** True when it exists only because others depend on it: it has no idle time of its own. */
  readonly dependencyOnly: boolean;
  /** True when others need it only to have run to completion. */
  readonly oneShot: boolean;
}

/** What the work that belongs to a state may use of its watcher. */
export interface Workbench {
  readonly spec: TargetSpec;
  readonly around: Surroundings;
  readonly activity: Activity;
  readonly orders: Orders;
  /** Who wants it asleep before its time. */
  readonly asked: Pick<Asked, "how" | "method" | "keep" | "cancel">;
  /** Monotonic ms before which it is not looked at again. */
  lookAgainAt: number;
  /** Monotonic ms before which no sleep is tried, whatever asks for it: the engine refuses it for now. */
  sleepNotBefore: number;
  /** Takes the result of a last look, and what a dry run would do. */
  readonly insight: {
    readonly lastLook: LastLook | undefined;
    looked(result: LastLook): void;
    wouldSleep(): void;
  };
  readonly followers: { readonly count: number; readonly changed: Emitter<void> };
  learned(from: Wake["from"]): Learned;
  /**
   * Runs an engine call that changes something: one at a time, to its end, whatever happens to the state. `waited`:
   * another call came first, so that what is known may be known no more.
   */
  exclusive<T>(call: (signal: AbortSignal, waited: boolean) => Promise<T>): Promise<T>;
  /** The engine's stop call is sent now: from here on a request does not cancel the stop. */
  stopCalled(): void;
  /** Completes the facts of a failed wake with its time, its number in a row and the next try. */
  failure(facts: FailureFacts): { readonly failure: Failure; readonly coolDownMs: number };
  /** Takes what an inspection said that the work made for itself. */
  see(instance: Instance | undefined): void;
  onDependency(report: DependencyReport): void;
  /** How it stands while it waits for room. */
  onRoom(news: RoomNews): void;
  /** What passes by itself, such as a backup's lock, and keeps the engine from starting it; undefined: nothing now. */
  onWaiting(why: string | undefined): void;
  onTry(tries: number, result: ProbeResult): void;
  /** Nothing listens where it is asked, for long enough to say so. Once for each run. */
  onSilentPort(silent: SilentPort): void;
}
