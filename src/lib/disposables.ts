/**
 * A stack of things to release, in reverse order, all of them even when some fail. Node 20 has no
 * `AsyncDisposableStack`; this is the part of it that Wakegate needs.
 */
export class AsyncStack implements AsyncDisposable {
  readonly #items: (() => unknown)[] = [];
  #disposed: Promise<void> | undefined;

  /** Takes ownership of a resource and returns it. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.defer(() =>
      Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose](),
    );
    return resource;
  }

  /** Adds work to be done at disposal. */
  defer(release: () => unknown): void {
    if (this.#disposed) throw new Error("AsyncStack: already disposed");
    this.#items.push(release);
  }

  /** Hands everything over to a new stack and is empty afterwards: for what was opened successfully. */
  move(): AsyncStack {
    const next = new AsyncStack();
    next.#items.push(...this.#items.splice(0));
    return next;
  }

  /** @throws AggregateError with every failure when more than one release failed, else the one failure. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#release();
    return this.#disposed;
  }

  async #release(): Promise<void> {
    const failures: unknown[] = [];
    for (const release of this.#items.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, "several parts failed to shut down");
  }
}
