/** One lane for each name: what is asked for under it runs one at a time, in order of asking. */
export class Lanes {
  /** Those with something in them. */
  readonly #lanes = new Map<string, Lane>();

  /**
   * `waited`: something else came first, and may have changed what the work was asked for. A failure of one does not
   * keep the next from running.
   */
  async run<T>(name: string, work: (waited: boolean) => Promise<T>): Promise<T> {
    const before = this.#lanes.get(name);
    const lane = before ?? { tail: Promise.resolve(), open: 0 };
    this.#lanes.set(name, lane);
    lane.open++;
    const result = lane.tail.then(() => work(before !== undefined));
    lane.tail = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      if (--lane.open === 0) this.#lanes.delete(name);
    }
  }

  /** Resolves when everything asked for so far is over. */
  async idle(name: string): Promise<void> {
    await this.#lanes.get(name)?.tail;
  }
}

interface Lane {
  tail: Promise<unknown>;
  open: number;
}
