import { Emitter, type Subscribable } from "../lib/emitter.ts";
import type { WakeEvent } from "./wake-events.ts";

/** The most events that are kept of one wake. */
const KEPT = 100;

/** Reports of progress: a later one says all that an earlier one did. */
const REPEATED: ReadonlySet<WakeEvent["type"]> = new Set(["waiting_ready", "waiting_room"]);

const NONE: readonly WakeEvent[] = [];

/** The events of one target: broadcast as they happen, kept for those who come later. */
export class EventLog {
  readonly #target: string;
  readonly #emitter = new Emitter<WakeEvent>();
  #kept: readonly WakeEvent[] = NONE;
  #nextId = 1;

  constructor(target: string) {
    this.#target = target;
  }

  get stream(): Subscribable<WakeEvent> {
    return this.#emitter;
  }

  /** Oldest first. */
  history(): readonly WakeEvent[] {
    return this.#kept;
  }

  /** A new wake begins: what was before is history. */
  clear(): void {
    this.#kept = NONE;
  }

  /** Returns the event as it was told. */
  emit(event: Omit<WakeEvent, "id" | "target">): WakeEvent {
    const full: WakeEvent = { id: this.#nextId++, target: this.#target, ...event };
    // Repeated progress reports replace each other: the last one says it all.
    const isRepeated = REPEATED.has(full.type) && this.#kept.at(-1)?.type === full.type;
    // A new list is as long as it has to be; one that is pushed to has room for 17, and a sleeping target one event.
    this.#kept = [...(isRepeated ? this.#kept.slice(0, -1) : this.#kept), full].slice(-KEPT);
    this.#emitter.emit(full);
    return full;
  }
}
