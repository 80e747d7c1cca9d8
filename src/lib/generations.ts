/**
 * A map with a hard bound in which what is used stays: when the young half is full it becomes the old one, and
 * what was in the old one is forgotten. O(1) for each call, no lists to keep in order. For keys that strangers
 * choose.
 */
export class Generations<K, V> {
  readonly #half: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /**
   * @param max entries at most; at least half as many of those used last are kept.
   * @throws RangeError when it is no integer of at least 2.
   */
  constructor(max: number) {
    if (!Number.isInteger(max) || max < 2) {
      throw new RangeError(`max must be an integer of at least 2, not ${String(max)}`);
    }
    this.#half = Math.floor(max / 2);
  }

  /** Entries that are held now. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined || this.#old.size === 0) return value;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    if (this.#old.size > 0) this.#old.delete(key);
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  /** Everything that is held, in no order that means anything. */
  *entries(): IterableIterator<[K, V]> {
    yield* this.#old;
    yield* this.#young;
  }
}
