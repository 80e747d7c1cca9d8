/** What several targets share: at most so many of them, or so much memory of them, is awake at once. */
export interface PoolSpec {
  readonly name: string;
  /** Targets of it that may be awake at once. Unset: any number. */
  readonly maxAwake?: number;
  /** Bytes that those which are awake, or paused, may cost together. Unset: any. */
  readonly budgetBytes?: number;
  /** What a target costs whose cost is neither declared nor measured, in bytes. */
  readonly defaultCostBytes: number;
  /** A target makes room for others when it was not used for this long. */
  readonly yieldAfterMs: number;
}

/** What a target says of the pools that it is in. */
export interface PoolOptions {
  /** Names of pools, each once. */
  readonly pools: readonly string[];
  /** What it takes of the budget of its pools, in bytes. Unset: as measured. */
  readonly costBytes?: number;
  /** The same for single pools, by name; stronger. */
  readonly costBytesIn?: Readonly<Record<string, number>>;
  /** How long a wake waits for room. */
  readonly roomTimeoutMs: number;
}
