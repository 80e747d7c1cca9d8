/** Takes things one after the other: what comes while one is taken waits for its turn. */
export class Inbox<T> {
  /** Absent while nothing waits: a list keeps the room that it once had. */
  #waiting: T[] | undefined;
  #busy = false;

  put(item: T, take: (item: T) => void): void {
    this.#waiting ??= [];
    this.#waiting.push(item);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) take(next);
      this.#waiting = undefined;
    } finally {
      this.#busy = false;
    }
  }
}
