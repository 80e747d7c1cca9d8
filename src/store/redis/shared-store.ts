import type { RecordChange, Store, TargetRecord } from "../store.ts";
import { changeOf, entriesOf, type Entry } from "./entries.ts";

/**
 * The state file, as before, that also tells what all Wakegates have to know. Reading and writing stay local: the
 * shared store may be away.
 */
export class SharedStore implements Store {
  readonly #inner: Store;
  #told: (entries: readonly Entry[]) => void = () => undefined;
  #isJoined: (name: string) => boolean = () => false;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  /** Calls `told` with every change that was made here. Wakes of what `isJoined` are another one's to write down. */
  tell(told: (entries: readonly Entry[]) => void, isJoined: (name: string) => boolean): void {
    this.#told = told;
    this.#isJoined = isJoined;
  }

  target(name: string): TargetRecord | undefined {
    return this.#inner.target(name);
  }

  targets(): ReadonlyMap<string, TargetRecord> {
    return this.#inner.targets();
  }

  update(name: string, given: RecordChange): void {
    const { wakes, ...rest } = given;
    const change = wakes !== undefined && this.#isJoined(name) ? rest : given;
    const entries = entriesOf(name, this.#inner.target(name), change);
    this.#inner.update(name, change);
    if (entries.length > 0) this.#told(entries);
  }

  /** Takes over what another Wakegate changed; false when that was known. */
  take(name: string, field: string, value: string): boolean {
    const change = changeOf(this.#inner.target(name), field, value);
    if (change) this.#inner.update(name, change);
    return change !== undefined;
  }

  /** Takes over when it was used elsewhere, wall ms. */
  takeUse(name: string, at: number): void {
    if (at > (this.#inner.target(name)?.lastActivity ?? 0))
      this.#inner.update(name, { lastActivity: Math.round(at) });
  }

  forget(name: string): void {
    this.#inner.forget(name);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#inner.flush(signal);
  }

  /** Nothing to do: the state file belongs to whoever opened it. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
