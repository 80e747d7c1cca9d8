import type { StopMethod } from "../../providers/provider.ts";
import type { DependencyCondition } from "../../config/model.ts";
import type { Stretch } from "../../store/run-log.ts";
import type { WakeRecord } from "../../store/store.ts";
import type { Use } from "../../watchers/handle.ts";
import type { Progress } from "../../watchers/progress.ts";
import type { WhyFacts } from "../ports.ts";

/** The word for a state that people and programs read: one for each glyph. */
export type StateWord =
  | "asleep"
  | "paused"
  | "closed"
  | "waking"
  | "starting"
  | "awake"
  | "stopping"
  | "failed"
  | "unknown"
  | "gone";

/** How states are counted and filtered. */
export type StateGroup = "awake" | "asleep" | "on_the_way" | "needs_you" | "unknown";

/** A span of wall time in which a target was awake; `to` absent: it still is. */
export interface AwakeSpan {
  readonly from: number;
  readonly to?: number;
}

/** Something that a target needs, or is. */
export interface DependencyFact {
  readonly name: string;
  readonly displayName: string;
  readonly condition: DependencyCondition;
  readonly state: StateWord;
  /** Names of other targets that need it too. */
  readonly alsoFor: readonly string[];
}

/** Everything that is told of one target: the API, the command line and the dashboard draw from this alone. Wall ms, spans in ms. */
export interface TargetFacts {
  readonly name: string;
  readonly displayName: string;
  readonly state: StateWord;
  /** Since when it is in this state, where that is known. */
  readonly since?: number;
  readonly asOf: number;
  readonly hosts: readonly string[];
  /** Where it lives: `Docker, engine local`. */
  readonly place: string;
  readonly engine: string;
  readonly container?: string;
  readonly idleTimeoutMs?: number;
  readonly stopMethod: StopMethod;
  /** It exists only because others need it. */
  readonly dependencyOnly: boolean;
  readonly why: WhyFacts;
  readonly lastUse?: Use;
  readonly lastUseAt?: number;
  /** The last use was a request or session, and no button, dependant or traffic. */
  readonly usedByRequest?: boolean;
  /** What uses it now: held requests, sessions, `wakegate with`. */
  readonly leases: readonly string[];
  readonly neededBy: readonly string[];
  readonly progress: Progress;
  /** Failed tries to put it to sleep, with state `stopping`. */
  readonly stopTries?: number;
  /** Oldest first. */
  readonly wakes: readonly WakeRecord[];
  /** Oldest first; the last one may be open. */
  readonly awake: readonly AwakeSpan[];
  /** Of what it did then nothing is known, oldest first: Wakegate did not run. */
  readonly unrecorded: readonly Stretch[];
  /** Memory that it held when it was last looked at awake. */
  readonly memoryBytes?: number;
  readonly dependencies: readonly DependencyFact[];
  /** Names of the pools that it is in. */
  readonly pools: readonly string[];
  /** It is to sleep so that others have room, unless it is used again. */
  readonly makesRoom?: boolean;
  /** Without a watcher: the sentence that says why it cannot be served. */
  readonly unavailable?: string;
}

/** The group of a state. */
export function groupOf(state: StateWord): StateGroup {
  switch (state) {
    case "awake":
      return "awake";
    case "asleep":
    case "paused":
    case "closed":
      return "asleep";
    case "waking":
    case "starting":
    case "stopping":
      return "on_the_way";
    case "failed":
      return "needs_you";
    case "unknown":
    case "gone":
      return "unknown";
  }
}
