/** A number from `low` to `high`. */
export function between(low: number, high: number): number {
  return low + Math.random() * (high - low);
}

/** True with this probability. */
export function chance(probability: number): boolean {
  return Math.random() < probability;
}

/** Any one of these. @throws RangeError for none. */
export function pick<T>(from: readonly T[]): T {
  const one = from[Math.floor(Math.random() * from.length)];
  if (one === undefined) throw new RangeError("nothing to choose from");
  return one;
}
