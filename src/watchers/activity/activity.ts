import { Emitter } from "../../lib/emitter.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Use } from "../handle.ts";
import { Sessions } from "./sessions.ts";
import { Users } from "./users.ts";

/**
 * The activity clock of one target: when it was last used, and what uses it now. Noting a use is two
 * assignments, because every request does it.
 */
export class Activity {
  readonly #clock: Clock;
  readonly #leases = new Map<symbol, string>();
  #lastUse: number;
  #lastPass: number;
  #uses = 0;
  #last: Use | undefined;
  /** Long-lived requests whose end we do not see. */
  readonly sessions = new Sessions();
  readonly users = new Users();
  /** Fires when the first lease begins, when the last one ends and when `poke` is called; not for single uses. */
  readonly changed = new Emitter<void>();

  readonly #noted: () => void;

  /** `noted` is called with each use, each pass, and each beginning and end of a lease: it has to be quick. */
  constructor(clock: Clock, noted: () => void = () => undefined) {
    this.#clock = clock;
    this.#noted = noted;
    this.#lastUse = clock.monotonic();
    this.#lastPass = Number.NEGATIVE_INFINITY;
  }

  /** Monotonic ms of the last evidence of use. */
  get lastUse(): number {
    return this.#lastUse;
  }

  /** Monotonic ms of the last request that was let through, counted or not; -Infinity before the first. */
  get lastPass(): number {
    return this.#lastPass;
  }

  /** Grows with each use: two equal readings mean that nothing happened in between. */
  get uses(): number {
    return this.#uses;
  }

  /** The last use that was a request or session. */
  get last(): Use | undefined {
    return this.#last;
  }

  /** What uses it now, for people. */
  get leases(): readonly string[] {
    return [...this.#leases.values()];
  }

  /** A counted use. */
  use(use: Use): void {
    this.#lastUse = this.#clock.monotonic();
    this.#lastPass = this.#lastUse;
    this.#uses++;
    this.#last = use;
    this.users.note(use, this.#lastUse);
    if (use.longLived) this.sessions.begin(this.#lastUse, use);
    this.#noted();
  }

  /** A request passed that does not count: only a sleep that is about to happen waits for it. */
  pass(): void {
    this.#lastPass = this.#clock.monotonic();
    this.#uses++;
    this.#noted();
  }

  /** It was used through another Wakegate at this monotonic ms. */
  usedElsewhere(at: number): void {
    if (at <= this.#lastUse) return;
    this.#lastUse = at;
    this.#uses++;
  }

  /** Evidence of use that is no request: traffic, an awake dependant. The idle time begins anew. */
  evidence(): void {
    this.#lastUse = this.#clock.monotonic();
  }

  /** Begins the idle time anew at a moment in the past, as known from before a restart. */
  resumeAt(monotonic: number): void {
    this.#lastUse = monotonic;
  }

  lease(what: string): Disposable {
    const key = Symbol(what);
    this.#leases.set(key, what);
    this.#uses++;
    if (this.#leases.size === 1) this.changed.emit();
    this.#noted();
    return {
      [Symbol.dispose]: () => {
        if (!this.#leases.delete(key)) return;
        this.#lastUse = this.#clock.monotonic();
        this.#lastPass = this.#lastUse;
        if (this.#leases.size === 0) this.changed.emit();
        this.#noted();
      },
    };
  }

  /** Something that the idle time depends on has changed: look again. */
  poke(): void {
    this.changed.emit();
  }
}
