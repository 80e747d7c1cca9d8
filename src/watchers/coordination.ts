import type { InstanceStatus, StopMethod } from "../providers/provider.ts";
import type { Evidence } from "./activity/evidence.ts";

/**
 * How the watchers of several Wakegates keep from treading on each other's feet. Every call that waits is bounded:
 * where the others cannot be asked, wakes go on alone and nothing is put to sleep.
 */
export interface Coordination {
  /** Why this Wakegate may not put anything to sleep now; undefined: it may. No I/O. */
  readonly mayNotSleep: MayNotSleep | undefined;
  /**
   * True when contact to the other replicas was lost for so long that one of them may have stopped the target: no
   * request passes until the engine has confirmed that it runs. No I/O: called for every request.
   */
  isStale(name: string): boolean;
  /** What uses the target through other Wakegates now. No I/O. */
  usedElsewhere(name: string): readonly Evidence[];
  /** It was used here: told to the others soon. No I/O: every request says so. */
  used(name: string): void;
  /** Somebody wants it awake here: a stop that others have only asked about is taken back. */
  wanted(name: string): void;
  /** A person wants it asleep, and another Wakegate may be the one to do it. */
  asked(name: string, how: "quiet" | "force"): void;
  /**
   * Asks all others to let nothing through to the target. True when each of them agreed; they keep to it until
   * `slept`, or until it is plain that no stop comes. Each agreement is ended by `slept`.
   *
   * @throws the signal's reason when it aborts.
   */
  agree(stop: ProposedStop, signal: AbortSignal): Promise<boolean>;
  /**
   * Makes an agreed stop final, as the last thing before the engine's call; false: it must not be made (any more).
   * Never throws.
   */
  commit(name: string): Promise<boolean>;
  /** An agreed stop is over, whether it was made or not. Nothing happens where there is none. */
  slept(name: string): void;
  /**
   * Whether this Wakegate is the one to tell people of what each may have seen: another one that told them of `key`
   * within the last `withinMs` is. True where the others cannot be asked. Never rejects.
   */
  mayTell(key: string, withinMs: number): Promise<boolean>;
  /**
   * The right to start the target, for one of all Wakegates at a time; undefined when another one has started it,
   * or tries to: the caller looks again. `status` is how it was seen just now.
   *
   * @throws the signal's reason when it aborts.
   */
  claimWake(name: string, status: InstanceStatus, signal: AbortSignal): Promise<WakeClaim | undefined>;
}

/** The right to start a target. Dispose it when the start is over, or is not made. */
export interface WakeClaim extends Disposable {
  /** What was seen of the target before may not be true any more: another Wakegate may have started it. */
  readonly lookAgain: boolean;
}

/** Another Wakegate does it, by this name; or nobody can, for a reason that is shown to people. */
export type MayNotSleep =
  { readonly kind: "other"; readonly name: string } | { readonly kind: "nobody"; readonly why: string };

/** A stop that the others are asked about. */
export interface ProposedStop {
  readonly name: string;
  readonly run: string;
  readonly instance: string;
  readonly method: StopMethod;
  /** How long it may take in all, ms. */
  readonly withinMs: number;
  /** Milliseconds since its last use, as far as is known here. */
  readonly unusedMs: number;
  /** A person wants it whatever uses it. */
  readonly force: boolean;
}

const FREE: WakeClaim = { lookAgain: false, [Symbol.dispose]: () => undefined };

/** For one Wakegate that is alone: whatever it decides, it does. */
export const ALONE: Coordination = {
  mayNotSleep: undefined,
  isStale: () => false,
  usedElsewhere: () => [],
  used: () => undefined,
  wanted: () => undefined,
  asked: () => undefined,
  agree: () => Promise.resolve(true),
  commit: () => Promise.resolve(true),
  slept: () => undefined,
  mayTell: () => Promise.resolve(true),
  claimWake: () => Promise.resolve(FREE),
};
