import type { Pools } from "./pools.ts";

/** How a wake stands that waits for room in its pools. */
export interface RoomNews {
  /** Wakes before it that want the same pools. */
  readonly before: number;
  /** Pools in which there is no room. */
  readonly pools: readonly string[];
  /** Who makes room for it, as far as that is known. */
  readonly yields: readonly string[];
  /** About how long until there is room, where that can be told. */
  readonly etaMs?: number;
}

/** What a target may ask of the pools that it is in. */
export interface Room {
  /** It, or something that it needs, is in a pool: a wake has to ask first. */
  readonly needed: boolean;
  /** One of its pools counts memory, which a pause does not free. */
  readonly inBudget: boolean;
  /**
   * Resolves when there is room for it and for all that it needs; the places are its own then for as long as it
   * wakes. False: there was room at once. `told` hears how it stands whenever that changes.
   *
   * @throws WakeFailedError `no_room` where there can never be room; the signal's reason when it aborts.
   */
  take(told: (news: RoomNews) => void, signal: AbortSignal): Promise<boolean>;
  /** What is in the way, for the operator. */
  whyFull(): string;
}

/** The same of one target: nothing but who asks, since each target has one. */
export class RoomOf implements Room {
  readonly #pools: Pools;
  readonly #name: string;

  constructor(pools: Pools, name: string) {
    this.#pools = pools;
    this.#name = name;
  }

  get needed(): boolean {
    return this.#pools.areNeeded(this.#name);
  }

  get inBudget(): boolean {
    return this.#pools.countMemory(this.#name);
  }

  take(told: (news: RoomNews) => void, signal: AbortSignal): Promise<boolean> {
    return this.#pools.take(this.#name, told, signal);
  }

  whyFull(): string {
    return this.#pools.whyFull(this.#name);
  }
}
