import { isNode, isScalar, visit, type Document, type Pair, type YAMLMap } from "yaml";
import { onceFor } from "../../lib/once-for.ts";

/** The pairs of a map by their keys as text. Made once for each: thousands of targets are one map. */
const pairsOf = onceFor((map: YAMLMap): ReadonlyMap<string, Pair> => {
  const pairs = new Map<string, Pair>();
  for (const pair of map.items) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    if (!pairs.has(key)) pairs.set(key, pair);
  }
  return pairs;
});

/** What stands under a key in a map. */
export function pairAt(map: YAMLMap, key: PropertyKey): Pair | undefined {
  return pairsOf(map).get(String(key));
}

/**
 * Where each key stands that its map has already. The parser could tell, but compares each key with all before it,
 * which takes longer than all else where there are thousands.
 */
export function repeatedKeys(document: Document): readonly number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const value = isScalar(key) ? key.value : key;
        if (seen.has(value)) offsets.push((isNode(key) && key.range?.[0]) || 0);
        seen.add(value);
      }
    },
  });
  return offsets;
}
