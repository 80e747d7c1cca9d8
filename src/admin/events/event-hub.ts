import type { Clock } from "../../lib/clock.ts";
import { Emitter, type Subscribable } from "../../lib/emitter.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import { noteOfMove, noteOfStep, type AdminEvent, type AdminNote } from "./admin-event.ts";

/** The most events that are kept for those who come later or again. */
const KEPT = 1_000;

/** The events of all targets in one stream. Ids tell this process's events from those of one before. */
export class EventHub implements Disposable {
  readonly #clock: Clock;
  readonly #emitter = new Emitter<AdminEvent>();
  readonly #epoch: string;
  readonly #subscriptions: readonly Disposable[];
  #kept: AdminEvent[] = [];
  #next = 1;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    this.#epoch = clock.now().toString(36);
    this.#subscriptions = [
      registry.told.subscribe(({ watcher, event }) => {
        const said = noteOfStep(event);
        if (!said) return;
        const { name: target, displayName } = watcher;
        // A step is told before the move that it belongs to: "Woken by" comes first.
        queueMicrotask(() => this.note({ ...said, target, displayName, at: event.timestamp }));
      }),
      registry.moved.subscribe((moved) => {
        const said = noteOfMove(moved, clock.monotonic());
        if (said) this.note({ ...said, target: moved.watcher.name, displayName: moved.watcher.displayName });
      }),
    ];
  }

  get stream(): Subscribable<AdminEvent> {
    return this.#emitter;
  }

  /** Oldest first; of one target where it is named. */
  history(target?: string): readonly AdminEvent[] {
    return target === undefined ? this.#kept : this.#kept.filter((event) => event.target === target);
  }

  /** The events after an id; all that are kept when the id is unknown or of another process. */
  after(id: string | undefined): readonly AdminEvent[] {
    const [epoch, number] = (id ?? "").split("-");
    const last = Number(number);
    if (epoch !== this.#epoch || !Number.isInteger(last)) return this.#kept;
    return this.#kept.filter((event) => Number(event.id.split("-")[1]) > last);
  }

  /** The id of the newest event, to go on from. */
  get lastId(): string {
    return `${this.#epoch}-${String(this.#next - 1)}`;
  }

  /** Adds an event. */
  note(note: AdminNote): void {
    const event: AdminEvent = {
      at: this.#clock.now(),
      ...note,
      id: `${this.#epoch}-${String(this.#next++)}`,
    };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept = this.#kept.slice(-KEPT);
    this.#emitter.emit(event);
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }
}
