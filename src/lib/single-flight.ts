/**
 * Runs one task at a time: everyone who asks while it runs gets its outcome, and the first who asks after its end
 * starts it again. A failure is never kept.
 *
 * Written once because `pending ??= work()` with a `finally` inside `work` that clears `pending` is wrong when `work`
 * throws before its first `await`: the field is then cleared before it is assigned, and the rejection stays for good.
 */
export class SingleFlight<T> {
  #flight: Promise<T> | undefined;

  /** Joins the task that runs, or starts `work`. @throws whatever `work` throws or rejects with. */
  run(work: () => Promise<T>): Promise<T> {
    this.#flight ??= Promise.resolve()
      .then(work)
      .finally(() => (this.#flight = undefined));
    return this.#flight;
  }
}
