/** Subscribe to a stream of values; disposing the subscription ends it. */
export interface Subscribable<T> {
  subscribe(listener: (value: T) => void): Disposable;
}

/** A synchronous broadcast. A listener may subscribe or unsubscribe, also itself, while it is called. */
export class Emitter<T> implements Subscribable<T> {
  readonly #listeners = new Set<{ call: (value: T) => void }>();

  get size(): number {
    return this.#listeners.size;
  }

  subscribe(call: (value: T) => void): Disposable {
    const entry = { call };
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  emit(value: T): void {
    // A set's iteration skips what was deleted, and the copy skips what is added meanwhile.
    for (const entry of Array.from(this.#listeners)) if (this.#listeners.has(entry)) entry.call(value);
  }
}
