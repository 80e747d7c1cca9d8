/** The value below which this part (0 to 1) of the values lies. NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The middle value. Other work on the machine moves it least. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Rounds to three significant digits: nothing here is more exact than that. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
