import type { Random } from "../random.ts";

/** Calls that may go wrong. */
export type Call = "inspect" | "list" | "wake" | "sleep" | "usage" | "logs" | "exec";

/** What becomes of a call. */
export type Fate =
  /** It is refused, and nothing happens. */
  | { readonly kind: "fails" }
  /** It does what was asked, but the answer says that it failed. */
  | { readonly kind: "answer lost" }
  /** Nothing happens and no answer comes. */
  | { readonly kind: "hangs" }
  /** So much later, before and after the deed. */
  | { readonly kind: "slow"; readonly beforeMs: number; readonly afterMs: number };

/** How events get through. */
export interface EventMode {
  /** Share of events that never come. */
  readonly lost: number;
  /** Share of events that come twice. */
  readonly repeated: number;
  /** The longest delay, ms; with it the order is lost, too. */
  readonly delayMs: number;
}

/** What an inspection says instead of the truth. */
export type Lie = "as before" | "running" | "exited" | "gone";

/** How the inspections of one container go wrong while those of all others work. */
export type BrokenInspect = "fails" | "hangs";

const TRUE_EVENTS: EventMode = { lost: 0, repeated: 0, delayMs: 3 };

/** Everything that stands between Wakegate and the truth about an engine. */
export class Mischief {
  readonly random: Random;
  readonly #fates: { readonly call: Call; readonly fate: Fate; left: number }[] = [];
  readonly lies = new Map<string, Lie>();
  /** By the container's name. */
  readonly brokenInspects = new Map<string, BrokenInspect>();
  /** Observers of the watchers and the log sink throw. */
  observersThrow = false;
  events: EventMode = TRUE_EVENTS;
  /** The engine does not answer at all. */
  down = false;

  constructor(random: Random) {
    this.random = random;
  }

  /** The next so many calls of that kind end like this. */
  add(call: Call, fate: Fate, times: number): void {
    this.#fates.push({ call, fate, left: times });
  }

  take(call: Call): Fate | undefined {
    const index = this.#fates.findIndex((one) => one.call === call);
    const found = this.#fates[index];
    if (!found) return undefined;
    found.left--;
    if (found.left <= 0) this.#fates.splice(index, 1);
    return found.fate;
  }

  /** From now on the engine tells the truth, soon. */
  end(): void {
    this.#fates.length = 0;
    this.lies.clear();
    this.brokenInspects.clear();
    this.observersThrow = false;
    this.events = TRUE_EVENTS;
    this.down = false;
  }

  calmEvents(): void {
    this.events = TRUE_EVENTS;
  }
}
