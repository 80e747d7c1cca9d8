import NodeCache from "node-cache";

/** Bounds of a {@link SnapshotCache}. */
export interface SnapshotCacheOptions {
  /** Entries at most; one more empties the cache first. */
  readonly maxEntries: number;
  /** Seconds after which an entry is read as absent. Default: never. */
  readonly ttlSeconds?: number;
}

/**
 * Derived values that may be lost at any moment: look-ups, rendered shells, listings. The only user of
 * node-cache. Values are shared, never cloned. Keys may come from strangers, so an overflow empties the
 * cache (node-cache would throw), and keys are made safe: node-cache keeps its entries in a plain object
 * where `__proto__` and `constructor` are not free.
 */
export class SnapshotCache<T> implements Disposable {
  readonly #cache: NodeCache;
  readonly #maxEntries: number;
  #size = 0;

  /** @throws RangeError when `maxEntries` is not a positive integer. */
  constructor(options: SnapshotCacheOptions) {
    if (!Number.isInteger(options.maxEntries) || options.maxEntries < 1) {
      throw new RangeError(`maxEntries must be a positive integer, not ${String(options.maxEntries)}`);
    }
    this.#maxEntries = options.maxEntries;
    this.#cache = new NodeCache({ useClones: false, checkperiod: 0, stdTTL: options.ttlSeconds ?? 0 });
  }

  get(key: string): T | undefined {
    return this.#cache.get<T>(safe(key));
  }

  set(key: string, value: T): void {
    if (this.#size >= this.#maxEntries) this.clear();
    this.#size += 1;
    this.#cache.set(safe(key), value);
  }

  clear(): void {
    this.#cache.flushAll();
    this.#size = 0;
  }

  [Symbol.dispose](): void {
    this.clear();
    this.#cache.close();
  }
}

/** No property that objects are born with has a dot in its name; hosts and addresses mostly do. */
function safe(key: string): string {
  return key.includes(".") ? key : `=${key}`;
}
