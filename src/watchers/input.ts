import type { StopMethod } from "../providers/provider.ts";
import type { StopIntent } from "../store/store.ts";
import type { WakeCause } from "./handle.ts";
import type { Failure } from "./progress.ts";
import type { AskedHow, Sighting } from "./state.ts";

/** That this very run was to be stopped by us: how, decided at, and over by, in wall ms. */
export type KnownStop = Pick<StopIntent, "method" | "at" | "until">;

/** Everything that can happen to a target. */
export type Input =
  /** Somebody wants it awake. */
  | { readonly type: "wake"; readonly cause: WakeCause }
  /** A person wants it tried again now. */
  | { readonly type: "retry"; readonly cause: WakeCause }
  /** The engine was asked: this is what it said. Undefined: it does not know the target. */
  | {
      readonly type: "seen";
      readonly sighting: Sighting | undefined;
      readonly stopIntent?: KnownStop;
    }
  /** A stop signal that is not ours was sent to it; `running`: the engine's last word is that this run goes on. */
  | { readonly type: "stop-signal"; readonly running?: Sighting }
  | { readonly type: "engine-away"; readonly message: string }
  /** There is room for it in its pools. */
  | { readonly type: "room"; readonly waited: boolean }
  | { readonly type: "dependencies-ready" }
  /** Our start or unpause call is over, and this is what the engine says now. */
  | {
      readonly type: "called";
      readonly sighting: Sighting | undefined;
      readonly stopIntent?: KnownStop;
    }
  | { readonly type: "wake-failed"; readonly failure: Failure; readonly coolDownMs: number }
  | { readonly type: "proved" }
  /** The last look found no use and the intent is on disk. */
  | { readonly type: "sleep"; readonly method: StopMethod; readonly asked?: AskedHow }
  /** The engine's stop call is sent now: from here on it cannot be cancelled. */
  | { readonly type: "stop-called" }
  /** Another Wakegate is about to put it to sleep: it may be dying until this wall ms. */
  | { readonly type: "stop-elsewhere"; readonly method: StopMethod; readonly until: number }
  | { readonly type: "sleep-failed" }
  /** A stop that failed is not tried again: somebody needs or uses it by now. */
  | { readonly type: "sleep-dropped" }
  /** The wall clock was set by so much; nothing else happened. */
  | { readonly type: "clock-set"; readonly ms: number }
  /** The wait of a foreign stop or of a resumed one is over, and this is what the engine says now. */
  | { readonly type: "settled"; readonly sighting: Sighting | undefined };

/** What a transition may read: two clocks and some facts of the target. */
export interface Context {
  /** Wall ms. */
  readonly now: number;
  /** Monotonic ms. */
  readonly mono: number;
  readonly hasDependencies: boolean;
  /** Wall ms since when it slept when Wakegate last knew, where that was before this process saw it. */
  readonly asleepSince?: number;
  /** It, or what it needs, is in a pool. */
  readonly needsRoom: boolean;
  readonly onManualStop: "nap" | "hold";
  readonly foreignStopGraceMs: number;
  /** It is only ever needed to have run to completion (migrations and the like). */
  readonly oneShot: boolean;
  /** A run that we paused, or are about to, is stopped so much later. */
  readonly deepen?: { readonly run: string; readonly inMs: number };
}
