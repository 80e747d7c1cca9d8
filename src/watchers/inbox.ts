/** Takes things one after the other: what comes while one is taken waits for its turn. */
export class Inbox<T> {
  readonly #take: (item: T) => void;
  readonly #waiting: T[] = [];
  #busy = false;

  constructor(take: (item: T) => void) {
    this.#take = take;
  }

  put(item: T): void {
    this.#waiting.push(item);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        this.#take(next);
    } finally {
      this.#busy = false;
    }
  }
}
