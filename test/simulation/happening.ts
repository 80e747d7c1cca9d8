import type { Instance, InstanceSummary } from "../../src/providers/provider.ts";
import type { Moved } from "../../src/watchers/registry/watcher-set.ts";
import type { Input } from "../../src/watchers/input.ts";
import type { State } from "../../src/watchers/state.ts";
import type { Visit } from "./world/visit.ts";

/** Everything that invariants, the trace and triggers may hear of. */
export type Happening =
  /** Wakegate calls an engine: the deed may still be to come. */
  | { readonly kind: "calls"; readonly call: EngineCall }
  /** The call is over, for Wakegate. `abandoned`: Wakegate itself gave it up. */
  | { readonly kind: "called"; readonly call: EngineCall; readonly how: "done" | "failed" | "abandoned" }
  /** An inspection was answered. */
  | { readonly kind: "told"; readonly id: string; readonly instance: Instance | undefined }
  | { readonly kind: "listed"; readonly instances: readonly InstanceSummary[] }
  /** An event reached Wakegate. */
  | { readonly kind: "event"; readonly id: string; readonly cause: string; readonly signal?: string }
  | { readonly kind: "away" }
  /** A probe, or a health command, got a good answer. */
  | { readonly kind: "proved"; readonly ids: readonly string[] }
  /** Counters were read. */
  | { readonly kind: "usage"; readonly name: string; readonly bytes: number }
  | { readonly kind: "input"; readonly target: string; readonly state: State; readonly input: Input }
  | { readonly kind: "moved"; readonly moved: Moved }
  | { readonly kind: "arrived" | "answered" | "left"; readonly visit: Visit }
  | { readonly kind: "logged"; readonly level: string; readonly event: string; readonly message: string }
  | { readonly kind: "ordered"; readonly target: string; readonly order: string }
  | { readonly kind: "reloaded" }
  /** A Wakegate process began, was killed, or ended in good order. */
  | { readonly kind: "began" | "killed" | "closed" };

export interface EngineCall {
  readonly method: "wake" | "sleep";
  /** Sleep only. */
  readonly how?: string;
  readonly id: string;
  readonly name: string;
  /** Serial number within the run. */
  readonly number: number;
}
