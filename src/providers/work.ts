import { setMaxListeners } from "node:events";
import { race } from "../lib/race.ts";
import { linkSignals } from "../lib/signals.ts";
import type { WakePatience } from "./provider.ts";

/** How long a wake waits for what is in its way where the caller does not say. */
const USUAL_PATIENCE_MS = 180_000;

/** What a provider has under way. Disposing ends it all and waits for its end. */
export class Work implements AsyncDisposable {
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor() {
    // Every call under way listens to it, and there may be many.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Aborts when the provider is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Does it until the caller's signal or the provider's end. @throws the signal's reason. */
  async run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    using linked = linkSignals(signal, this.#closed.signal);
    return await this.keep(work(linked.signal));
  }

  /** Is waited for at the end. */
  keep<T>(work: Promise<T>): Promise<T> {
    const kept = work.catch(() => undefined).finally(() => this.#running.delete(kept));
    this.#running.add(kept);
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the provider was closed"));
    await Promise.allSettled(this.#running);
  }
}

interface Flight {
  readonly done: Promise<void>;
  readonly told: Set<WakePatience["onWaiting"]>;
  /** What it waits for now. */
  readonly waiting: { why: string | undefined };
}

/**
 * Wakes under way: whoever asks for one of them joins it. It serves all who do, so a caller that goes away does not
 * end it; only the provider's end does.
 */
export class JointWakes<K> {
  readonly #work: Work;
  readonly #flights = new Map<K, Flight>();

  constructor(work: Work) {
    this.#work = work;
  }

  /** Joins the wake of `key`, which `begin` begins where there is none. @throws the signal's reason, and as `begin`. */
  async join(
    key: K,
    signal: AbortSignal,
    begin: (patience: WakePatience, signal: AbortSignal) => Promise<void>,
    { withinMs, onWaiting }: WakePatience = { withinMs: USUAL_PATIENCE_MS, onWaiting: () => undefined },
  ): Promise<void> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#begin(key, withinMs, begin);
    flight.told.add(onWaiting);
    if (flight.waiting.why !== undefined) onWaiting(flight.waiting.why);
    try {
      await race(flight.done, signal);
    } finally {
      flight.told.delete(onWaiting);
    }
  }

  #begin(
    key: K,
    withinMs: number,
    begin: (patience: WakePatience, signal: AbortSignal) => Promise<void>,
  ): Flight {
    const told: Flight["told"] = new Set();
    const waiting: Flight["waiting"] = { why: undefined };
    const onWaiting = (why: string | undefined): void => {
      waiting.why = why;
      for (const tell of told) tell(why);
    };
    const begun = begin({ withinMs, onWaiting }, this.#work.closed);
    const done = this.#work.keep(begun).finally(() => this.#flights.delete(key));
    const flight = { done, told, waiting };
    this.#flights.set(key, flight);
    return flight;
  }
}
