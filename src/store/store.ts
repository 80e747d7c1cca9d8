import type { RouteSpec } from "../config/model.ts";
import type { WakeCause } from "../watchers/handle.ts";

/** What outlives the process. Readers get the latest value at once; writes to disk are debounced. */
export interface Store extends AsyncDisposable {
  /** The record of a target; undefined when nothing is known. Do not mutate. */
  target(name: string): TargetRecord | undefined;
  /** All records, by name. */
  targets(): ReadonlyMap<string, TargetRecord>;
  /**
   * Merges into a target's record; a field given as undefined is removed. Reaches the disk within the
   * debounce time (default 2 s). Never throws: a disk that fails is said in the log and tried again.
   */
  update(name: string, change: RecordChange): void;
  forget(name: string): void;
  /** Resolves when everything so far is on disk (written, fsynced, renamed). */
  flush(signal?: AbortSignal): Promise<void>;
}

export interface TargetRecord {
  /** Wall ms of the last counted use. */
  readonly lastActivity?: number;
  /** A stop that was decided: written before the engine is called, removed when the stop is verified. */
  readonly stopIntent?: StopIntent;
  /** The run that Wakegate started, so that a dependency is stopped only if it was ours. */
  readonly startedRun?: string;
  /**
   * A start of a dependency that was decided: written before the engine is called, so that the run which follows
   * `run` is known as ours also when we are killed before we see it.
   */
  readonly startIntent?: { readonly run: string };
  /** The last wakes, oldest first, at most 50. */
  readonly wakes?: readonly WakeRecord[];
  /** Where it was reachable when last seen: keeps its hosts from being "unknown" while an engine is away. */
  readonly routes?: readonly (RouteSpec & {
    /** Wall ms since when it has the route. */ readonly since?: number;
  })[];
  readonly displayName?: string;
  /** Wall ms since when it sleeps. */
  readonly asleepSince?: number;
  /** When it was awake: `[from, to]` in wall ms, oldest first, at most 400 and 31 days. */
  readonly awake?: readonly (readonly [from: number, to: number])[];
  /** Wall ms since when it is awake; absent while it is not. */
  readonly awakeSince?: number;
  /** Wall ms at which it was last known to be awake: the end of a span that a crash left open. */
  readonly awakeSeen?: number;
  /** Memory that it held when it was looked at awake. */
  readonly memoryBytes?: number;
  /** The run that Wakegate itself put to sleep: should it be up again after an engine's restart, nobody asked. */
  readonly napped?: { readonly run: string; readonly at: number };
  /** Kept awake by a person. */
  readonly pin?: Order;
  /** Kept asleep by a person. */
  readonly hold?: Order;
  /** Use with a deadline, by id. */
  readonly leases?: Readonly<Record<string, TimedLease>>;
  /** What it does while nobody asks for anything. */
  readonly noise?: { readonly bytesPerSecond: number; readonly proxied?: number };
  /** Wall ms of the last handshake of a session that may still be open. */
  readonly sessionSince?: number;
  /** The port that answered, where the image declares several and nothing says which one it is. */
  readonly provenPort?: number;
  /** Wall ms since when its container does not exist any more. */
  readonly goneSince?: number;
}

/** What a person ordered. */
export interface Order {
  /** Wall ms of the order. */
  readonly at: number;
  /** Wall ms of its end; unset: until it is taken back. */
  readonly until?: number;
  readonly reason?: string;
  /** Who ordered it. */
  readonly by?: string;
}

export interface TimedLease {
  /** What uses it, for people. */
  readonly what: string;
  /** Wall ms. */
  readonly until: number;
}

/** What changes in a record: fields left out stay as they are, fields given as undefined are removed. */
export type RecordChange = { readonly [Key in keyof TargetRecord]?: TargetRecord[Key] | undefined };

export interface StopIntent {
  readonly instance: string;
  readonly run: string;
  readonly method: "stop" | "pause" | "hibernate" | "kill";
  /** Wall ms of the decision. */
  readonly at: number;
  /** Wall ms by which the stop should be over. */
  readonly until: number;
}

export interface WakeRecord {
  /** Wall ms of the beginning. */
  readonly at: number;
  readonly from: "stopped" | "paused" | "created";
  readonly outcome: "ready" | "failed";
  readonly totalMs: number;
  /** Milliseconds of each phase that happened. */
  readonly phases: {
    readonly stopping?: number;
    readonly room?: number;
    readonly dependencies?: number;
    readonly starting?: number;
    readonly probing?: number;
  };
  readonly cause: WakeCause;
  readonly failure?: string;
}
