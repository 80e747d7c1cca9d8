/** Runs one thing at a time, in order of asking. A failure of one does not keep the next from running. */
export class Lane {
  /** Absent until something was asked for. */
  #tail: Promise<unknown> | undefined;
  #open = 0;

  /** `waited`: something else came first, and may have changed what the work was asked for. */
  run<T>(work: (waited: boolean) => Promise<T>): Promise<T> {
    const waited = this.#open > 0;
    this.#open++;
    const before = this.#tail ?? Promise.resolve();
    const result = before.then(() => work(waited)).finally(() => this.#open--);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything asked for so far is over. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
