import type { BrokenInspect, Call, EventMode, Fate, Lie } from "../world/mischief.ts";
import type { VisitKind } from "../world/visit.ts";

/** One thing that somebody or something does to the world. Those that cannot be done now do nothing. */
export type Deed =
  | {
      readonly do: "visit";
      readonly target: string;
      readonly kind: VisitKind;
      readonly client: number;
      readonly patienceMs: number;
    }
  | { readonly do: "follow"; readonly target: string; readonly forMs: number }
  | {
      readonly do: "connect";
      readonly target: string;
      readonly client: number;
      readonly forMs: number;
      readonly talks: boolean;
    }
  | { readonly do: "hand"; readonly box: string; readonly how: Hand; readonly stopMs: number }
  | { readonly do: "crash"; readonly box: string; readonly code: number; readonly oomKilled: boolean }
  | {
      readonly do: "behave";
      readonly box: string;
      readonly how: "hangs" | "well" | "boots slowly" | "dies early" | "stops slowly";
    }
  | { readonly do: "health"; readonly box: string; readonly health: "healthy" | "unhealthy" }
  | { readonly do: "traffic"; readonly box: string; readonly bytesPerSecond: number; readonly forMs: number }
  | { readonly do: "fate"; readonly call: Call; readonly fate: Fate; readonly times: number }
  | { readonly do: "events"; readonly mode: EventMode; readonly forMs: number }
  | { readonly do: "lie"; readonly box: string; readonly lie: Lie; readonly forMs: number }
  | {
      readonly do: "break inspect";
      readonly box: string;
      readonly how: BrokenInspect;
      readonly forMs: number;
    }
  | { readonly do: "break observers"; readonly forMs: number }
  /** The result of work that belonged to an earlier state arrives now. */
  | { readonly do: "late answer"; readonly target: string; readonly input: LateAnswer }
  /** `noticed`: the event stream breaks, too. */
  | { readonly do: "outage"; readonly forMs: number; readonly noticed: boolean }
  | { readonly do: "engine restart"; readonly downMs: number }
  | { readonly do: "relist" }
  | {
      readonly do: "repeat event";
      readonly box: string;
      readonly cause: "started" | "died" | "destroyed" | "signalled";
    }
  /** `share`: how far what it was writing got. */
  | { readonly do: "kill"; readonly share: number; readonly power: boolean; readonly downMs: number }
  | { readonly do: "restart"; readonly downMs: number }
  | { readonly do: "stall"; readonly forMs: number }
  | { readonly do: "jump"; readonly ms: number }
  | { readonly do: "disk"; readonly how: "full" | "slow"; readonly forMs: number }
  | { readonly do: "order"; readonly target: string; readonly order: OrderKind; readonly forMs: number }
  | { readonly do: "reload"; readonly variant: number };

/** Inputs that are results of a state's own work. */
export type LateAnswer =
  | "room"
  | "dependencies-ready"
  | "called"
  | "wake-failed"
  | "proved"
  | "sleep"
  | "stop-called"
  | "sleep-failed"
  | "sleep-dropped"
  | "settled";

/** What people and updaters do by hand. `update`: stop, remove, create anew, start. */
export type Hand =
  "start" | "stop" | "kill" | "pause" | "unpause" | "remove" | "create" | "update" | "recreate";
export type OrderKind = "pin" | "unpin" | "hold" | "release" | "lease" | "sleep" | "force" | "retry" | "wake";

/** The moment at which a deed waits to happen: something that Wakegate does. */
export type Cue =
  | { readonly on: "looked"; readonly target: string }
  | { readonly on: "moved"; readonly target: string; readonly to: string }
  | { readonly on: "calls" | "called"; readonly method: "wake" | "sleep"; readonly target: string };

/** A deed with its time. */
export interface Action {
  /** Its place in the whole schedule: names it when others are left out. */
  readonly index: number;
  /** Ms from the beginning; with a cue, ms from which on the cue counts. */
  readonly at: number;
  readonly cue?: Cue;
  /** Ms between cue and deed. */
  readonly afterCue: number;
  readonly deed: Deed;
}
