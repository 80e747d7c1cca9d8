import { Emitter } from "../../lib/emitter.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Use } from "../handle.ts";
import { Sessions } from "./sessions.ts";
import { Users } from "./users.ts";

/** Whose activity it is: the watcher. Told with every request, so what it does has to be quick. */
export interface ActivityOwner {
  readonly around: { readonly clock: Clock };
  /** With each use, each pass, and each beginning and end of a lease. */
  noted(): void;
  /** With each change that `changed` tells, before it. */
  stirred(): void;
}

/**
 * The activity clock of one target: when it was last used, and what uses it now. Noting a use is two
 * assignments, because every request does it.
 */
export class Activity {
  readonly #owner: ActivityOwner;
  readonly #clock: Clock;
  /** Absent while there is none. */
  #leases: Map<symbol, string> | undefined;
  #lastUse: number;
  #lastPass: number;
  #lastRequest: number | undefined;
  #uses = 0;
  #last: Use | undefined;
  // Made when they are first asked for: what was never used has neither.
  #sessions: Sessions | undefined;
  #users: Users | undefined;
  /** Fires when the first lease begins, when the last one ends and when `poke` is called; not for single uses. */
  readonly changed = new Emitter<void>();

  constructor(owner: ActivityOwner) {
    this.#owner = owner;
    this.#clock = owner.around.clock;
    this.#lastUse = this.#clock.monotonic();
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

  /** Monotonic ms of the last counted request or session; undefined: none in this process. */
  get lastRequest(): number | undefined {
    return this.#lastRequest;
  }

  /** Grows with each use: two equal readings mean that nothing happened in between. */
  get uses(): number {
    return this.#uses;
  }

  /** The last use that was a request or session. */
  get last(): Use | undefined {
    return this.#last;
  }

  /** Long-lived requests whose end we do not see. */
  get sessions(): Sessions {
    return (this.#sessions ??= new Sessions());
  }

  get users(): Users {
    return (this.#users ??= new Users());
  }

  /** What uses it now, for people. */
  get leases(): readonly string[] {
    return [...(this.#leases?.values() ?? [])];
  }

  /** A counted use. */
  use(use: Use): void {
    this.#lastUse = this.#clock.monotonic();
    this.#lastPass = this.#lastUse;
    this.#lastRequest = this.#lastUse;
    this.#uses++;
    this.#last = use;
    this.users.note(use, this.#lastUse);
    if (use.longLived) this.sessions.begin(this.#lastUse, use);
    this.#owner.noted();
  }

  /** A request passed that does not count: only a sleep that is about to happen waits for it. */
  pass(): void {
    this.#lastPass = this.#clock.monotonic();
    this.#uses++;
    this.#owner.noted();
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
    const leases = (this.#leases ??= new Map<symbol, string>());
    leases.set(key, what);
    this.#uses++;
    if (leases.size === 1) this.poke();
    this.#owner.noted();
    return {
      [Symbol.dispose]: () => {
        if (!leases.delete(key)) return;
        this.#lastUse = this.#clock.monotonic();
        this.#lastPass = this.#lastUse;
        if (leases.size === 0) {
          this.#leases = undefined;
          this.poke();
        }
        this.#owner.noted();
      },
    };
  }

  /** Something that the idle time depends on has changed: look again. */
  poke(): void {
    this.#owner.stirred();
    this.changed.emit();
  }
}
