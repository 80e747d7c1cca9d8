/** The candidate that was most likely meant by `written`, or undefined when none is near. */
export function suggest(written: string, candidates: Iterable<string>): string | undefined {
  const word = plain(written);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, plain(candidate), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `; did you mean "x"?` for the nearest candidate, or an empty string. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  const best = suggest(written, candidates);
  return best === undefined ? "" : `; did you mean "${best}"?`;
}

/** Case, dashes and underscores are what people mix up most: they cost nothing. */
function plain(text: string): string {
  return text.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, "");
}

/** Levenshtein distance with swaps of neighbours, given up (as `limit`) where it cannot be below `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      next.push(cost);
    }
    [before, last] = [last, next];
  }
  return last[b.length] ?? limit;
}
