/** Runs one thing at a time, in order of asking. A failure of one does not keep the next from running. */
export class Lane {
  /** Absent until something was asked for. */
  #tail: Promise<unknown> | undefined;

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = (this.#tail ?? Promise.resolve()).then(work, work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything asked for so far is over. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
