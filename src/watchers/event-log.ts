import { Emitter, type Subscribable } from "../lib/emitter.ts";
import type { WakeEvent } from "./wake-events.ts";

/** The most events that are kept of one wake. */
const KEPT = 100;

/** Reports of progress: a later one says all that an earlier one did. */
const REPEATED: ReadonlySet<WakeEvent["type"]> = new Set(["waiting_ready", "waiting_room"]);

/** The events of one target: broadcast as they happen, kept for those who come later. */
export class EventLog {
  readonly #target: string;
  readonly #emitter = new Emitter<WakeEvent>();
  #kept: WakeEvent[] = [];
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
    this.#kept = [];
  }

  emit(event: Omit<WakeEvent, "id" | "target">): void {
    const full: WakeEvent = { id: this.#nextId++, target: this.#target, ...event };
    // Repeated progress reports replace each other: the last one says it all.
    const last = this.#kept.at(-1);
    if (REPEATED.has(full.type) && last?.type === full.type) this.#kept.pop();
    this.#kept.push(full);
    if (this.#kept.length > KEPT) this.#kept.shift();
    this.#emitter.emit(full);
  }
}
