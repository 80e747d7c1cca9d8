import type { ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import { Emitter, type Subscribable } from "../lib/emitter.ts";

/** How many requests may be held. */
export interface HoldLimits {
  readonly holdsPerTarget: number;
  readonly holds: number;
}

/** Counts the places for held requests. */
export class Holds {
  readonly #limits: HoldLimits;
  readonly #perTarget = new Map<string, number>();
  #total = 0;

  constructor(limits: HoldLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  of(target: string): number {
    return this.#perTarget.get(target) ?? 0;
  }

  /** A place until disposed; undefined when the target or the house is full. */
  take(target: string): Disposable | undefined {
    const count = this.of(target);
    if (count >= this.#limits.holdsPerTarget || this.#total >= this.#limits.holds) return undefined;
    this.#perTarget.set(target, count + 1);
    this.#total += 1;
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (!open) return;
        open = false;
        this.#total -= 1;
        const left = this.of(target) - 1;
        if (left > 0) this.#perTarget.set(target, left);
        else this.#perTarget.delete(target);
      },
    };
  }
}

/** Why a wait ended: something changed, time is up, the client left, or the service goes down. */
export type WaitEnd = "changed" | "time" | "gone" | "closing";

/** What a wait listens to. */
export interface WaitFor {
  readonly clock: Clock;
  /** At most this long. */
  readonly ms: number;
  readonly changes: readonly Subscribable<unknown>[];
  /** Its `close` means that the client left. */
  readonly res: ServerResponse;
  readonly closing: Closing;
}

/**
 * That the service goes down. Not an AbortSignal: Node's EventTarget walks all its listeners for each one
 * added or removed, and here are 10,000 of them.
 */
export class Closing {
  readonly #emitter = new Emitter<void>();
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  get begun(): Subscribable<void> {
    return this.#emitter;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#emitter.emit();
  }
}

/** Waits for the first of them and leaves no listener or timer behind. Never rejects. */
export function waitFor({ clock, ms, changes, res, closing }: WaitFor): Promise<WaitEnd> {
  return new Promise((resolve) => {
    if (closing.closed) return resolve("closing");
    if (res.destroyed || res.closed) return resolve("gone");
    const end = (why: WaitEnd): void => {
      timer[Symbol.dispose]();
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      res.removeListener("close", onGone);
      resolve(why);
    };
    const onGone = (): void => end("gone");
    const timer = clock.after(ms, () => end("time"));
    const subscriptions = changes.map((change) => change.subscribe(() => end("changed")));
    subscriptions.push(closing.begun.subscribe(() => end("closing")));
    res.once("close", onGone);
  });
}
