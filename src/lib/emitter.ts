import { isolated } from "./isolate.ts";

/** Subscribe to a stream of values; disposing the subscription ends it. */
export interface Subscribable<T> {
  subscribe(listener: (value: T) => void): Disposable;
}

/**
 * A synchronous broadcast. A listener may subscribe or unsubscribe, also itself, while it is called. One that throws
 * is reported and skipped: neither the others nor the one who emits notice.
 *
 * Every target has several, and hardly anybody listens while it sleeps: without a listener there is no set, and with
 * one there is only that one.
 */
export class Emitter<T> implements Subscribable<T> {
  #listeners: Subscription<T> | Set<Subscription<T>> | undefined;

  get size(): number {
    if (this.#listeners instanceof Set) return this.#listeners.size;
    return this.#listeners ? 1 : 0;
  }

  subscribe(call: (value: T) => void): Disposable {
    const added = new Subscription(call, this);
    const before = this.#listeners;
    if (before instanceof Set) before.add(added);
    else this.#listeners = before ? new Set([before, added]) : added;
    return added;
  }

  emit(value: T): void {
    const listeners = this.#listeners;
    if (!(listeners instanceof Set)) {
      if (listeners) isolated(() => listeners.call(value));
      return;
    }
    // A set's iteration skips what was deleted, and the copy skips what is added meanwhile.
    for (const each of Array.from(listeners)) if (listeners.has(each)) isolated(() => each.call(value));
  }

  /** For the subscription alone. */
  remove(subscription: Subscription<T>): void {
    const listeners = this.#listeners;
    if (listeners instanceof Set) listeners.delete(subscription);
    if (listeners === subscription || this.size === 0) this.#listeners = undefined;
  }
}

/** One listener, until disposed. */
class Subscription<T> implements Disposable {
  readonly call: (value: T) => void;
  readonly #emitter: Emitter<T>;

  constructor(call: (value: T) => void, emitter: Emitter<T>) {
    this.call = call;
    this.#emitter = emitter;
  }

  [Symbol.dispose](): void {
    this.#emitter.remove(this);
  }
}
