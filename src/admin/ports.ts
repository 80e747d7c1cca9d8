import type { MayNotWake } from "../watchers/progress.ts";

/** Kept awake by a person. Moments are wall ms. */
export interface PinFact {
  /** Absent: no end. */
  readonly until?: number;
  readonly reason: string;
  readonly by: string;
  readonly at: number;
}

/** Kept asleep by a person. */
export type HoldFact = PinFact;

/** One source of evidence that was asked whether a target is in use, also one that says no. */
export interface Evidence {
  /** Stable word: `request`, `connections`, `network`, `cpu`, `busy_check`, `needed`, `pin`, `schedule`, `lease`. */
  readonly source: string;
  /** What people read: `Open connections`. */
  readonly label: string;
  /** True when it keeps the target awake now. */
  readonly holding: boolean;
  /** What was found: `none`, `2 open, 1.4 MB/s`. */
  readonly detail: string;
  /** Wall ms until which it counts, where that is known. */
  readonly until?: number;
}

/** Why a target is in its state, as far as the last look tells. */
export interface WhyFacts {
  readonly evidence: readonly Evidence[];
  /** Wall ms at which it sleeps (or sleeps deeper) when nothing happens; absent while something holds it. */
  readonly sleepsAt?: number;
  /** What the watcher itself says of it. */
  readonly line?: PlainLine;
  /** More sentences for the operator, with what to do: pollers found, blind spots. */
  readonly notes: readonly string[];
  readonly pin?: PinFact;
  readonly hold?: HoldFact;
  readonly mayNotWake?: MayNotWake;
}

/** The words for one line of a list, where nothing in them ticks. */
export interface PlainLine {
  readonly fact: string;
  readonly more: string;
  readonly next: string;
  readonly nextMore: string;
}
