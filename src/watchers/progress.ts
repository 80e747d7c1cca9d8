/**
 * Where a target stands, for people: the loading page and the status endpoint draw from this alone. All
 * spans are milliseconds, all moments wall time in ms. Built by the watcher, redacted at the edge.
 */
export interface Progress {
  readonly target: string;
  readonly displayName: string;
  readonly phase: Phase;
  /** When this was true. */
  readonly asOf: number;
  /** Since the wake began (stopping-first included); absent when nothing is under way. */
  readonly elapsedMs?: number;
  /** Expected length of the whole wake, from its beginning; absent for a first wake. */
  readonly etaMs?: number;
  /** Median of the recent good wakes. */
  readonly usuallyMs?: number;
  /** Longest of the recent good wakes; present from 5 known wakes on. */
  readonly slowestMs?: number;
  /** When the wake gives up, counted from its beginning. */
  readonly deadlineMs?: number;
  /** Only the steps that apply, in order. */
  readonly steps: readonly Step[];
  readonly dependencies: readonly DependencyProgress[];
  /** With phase "room", once it is known. */
  readonly room?: RoomProgress;
  /** With phase "starting": what keeps the engine from starting it now and passes by itself, for the operator. */
  readonly waitsFor?: string;
  /** With phase "probing": the ports of the app that nothing listens on, once that lasts longer than is usual. */
  readonly silentPorts?: readonly number[];
  /** With phase "stopping": how long a shutdown takes at most. */
  readonly stopGraceMs?: number;
  /**
   * With phase "stopping", when Wakegate did not stop it. `wakesInMs`: it is down, a request waits for it, and it wakes
   * after this time if nothing else starts it before, such as an updater at work.
   */
  readonly stoppedOutside?: { readonly wakesInMs?: number };
  /** With phase "ready": how long the last wake took. */
  readonly tookMs?: number;
  /** With phase "error". */
  readonly failure?: Failure;
  /** With phase "napping": why this visitor's request does not wake it; absent when it does. */
  readonly mayNotWake?: MayNotWake;
  /** Wall time since when it sleeps, with phase "napping". */
  readonly asleepSince?: number;
}

export type Phase =
  "napping" | "stopping" | "room" | "dependencies" | "starting" | "probing" | "ready" | "error" | "missing";

export interface Step {
  readonly id: "stopping" | "room" | "dependencies" | "starting" | "probing";
  readonly status: "todo" | "active" | "done" | "failed";
  /** Done or failed: how long it took. Active: how long it runs so far. */
  readonly ms?: number;
  /** Dependencies: how many are ready, of how many. */
  readonly done?: number;
  readonly of?: number;
}

/** A wake that waits until others have made room for it. */
export interface RoomProgress {
  /** Wakes before it that want the same. */
  readonly before: number;
  /** Pools that are full. */
  readonly pools: readonly string[];
  /** Names of those that go to sleep for it. */
  readonly yields: readonly string[];
}

export interface DependencyProgress {
  readonly name: string;
  readonly displayName: string;
  readonly status: "waiting" | "waking" | "ready" | "failed";
  readonly ms?: number;
}

export type FailureReason =
  | "out_of_memory"
  | "exited"
  | "no_answer"
  | "no_listener"
  | "bad_answer"
  | "dependency"
  | "engine_away"
  | "forbidden"
  | "no_address"
  | "no_room"
  | "start_failed"
  | "unknown";

export interface Failure {
  readonly reason: FailureReason;
  /** For the operator, complete. */
  readonly message: string;
  readonly exitCode?: number;
  /** HTTP status of the last probe answer, with reason "bad_answer". */
  readonly status?: number;
  /** The deadline that was missed, with reasons "no_answer", "no_listener", "bad_answer" and "no_room". */
  readonly withinMs?: number;
  /** The ports that nothing listens on, with reason "no_listener". */
  readonly ports?: readonly number[];
  /** The dependency at fault, with reason "dependency". */
  readonly dependency?: string;
  readonly at: number;
  /** Failures in a row. */
  readonly tries: number;
  /** Wall time before which nothing is tried again. */
  readonly nextTryAt?: number;
  /** True when no further try happens by itself. */
  readonly final?: boolean;
  /** Last lines of the instance's log. */
  readonly log?: readonly string[];
}

export type MayNotWake =
  | { readonly kind: "schedule"; readonly opensAt?: number; readonly rule: string }
  | { readonly kind: "rule"; readonly rule: string }
  | { readonly kind: "hold"; readonly reason: string; readonly until?: number }
  | { readonly kind: "start_endpoint"; readonly path: string };
