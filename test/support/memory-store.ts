import type { Store, TargetRecord } from "../../src/store/store.ts";

/** A store without a disk. `failing` makes flush reject; `flushes` counts. */
export class MemoryStore implements Store {
  readonly #records: Map<string, TargetRecord>;
  failing = false;
  flushes = 0;

  constructor(records: Readonly<Record<string, TargetRecord>> = {}) {
    this.#records = new Map(Object.entries(records));
  }

  target(name: string): TargetRecord | undefined {
    return this.#records.get(name);
  }

  targets(): ReadonlyMap<string, TargetRecord> {
    return this.#records;
  }

  update(name: string, change: Partial<TargetRecord>): void {
    this.#records.set(name, { ...this.#records.get(name), ...change });
  }

  forget(name: string): void {
    this.#records.delete(name);
  }

  async flush(_signal?: AbortSignal): Promise<void> {
    this.flushes++;
    await (this.failing ? Promise.reject(new Error("disk full")) : Promise.resolve());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}
