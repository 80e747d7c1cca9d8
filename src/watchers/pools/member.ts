/** A target in pools, as the decision sees it. */
export interface Member {
  readonly name: string;
  readonly pools: readonly string[];
  /** Declared or measured, in bytes. Unset: each pool's own default. */
  readonly costBytes?: number;
  /** Declared for single pools, by name; stronger. */
  readonly costBytesIn?: Readonly<Record<string, number>>;
  /** What it takes now. `memory`: it is paused, which is asleep, but its memory is not free. Unset: nothing. */
  readonly holds?: "awake" | "memory";
  /** It goes down by itself already. `pause`: only its place among the awake comes free. */
  readonly leaves?: "stop" | "pause";
  /** Monotonic ms of its last use, where it could make room by what can be seen. Unset: it is in use. */
  readonly idleSince?: number;
  /** Who is awake and depends on it. */
  readonly neededBy: readonly string[];
}

/** One wake with all that it needs awake: it gets places for all of them, or waits. */
export interface Claim {
  /** The target that is to be woken. */
  readonly name: string;
  /** Itself and what it depends on, as far as they are in pools. */
  readonly members: readonly string[];
}
