import type { IssuePlaces } from "./file/issues.ts";
import { joinKeys } from "./file/issues.ts";
import type { OptionsLayer } from "./layers.ts";
import type { Problem } from "./model.ts";
import type { PoolOptions, PoolSpec } from "./model/pool.ts";
import type { FileLayer } from "./schema.ts";
import type { PoolsLayer } from "./schema/pools.ts";
import { formatSize } from "./values/size.ts";
import { didYouMean } from "./values/suggest.ts";

const DEFAULT_COST_BYTES = 512 * 2 ** 20;
const YIELD_AFTER_MS = 10_000;

/** Complete pools out of the file's. */
export function toPools(layers: PoolsLayer = {}): readonly PoolSpec[] {
  return Object.entries(layers).map(([name, layer]) => ({
    name,
    ...(layer.max_awake !== undefined && { maxAwake: layer.max_awake }),
    ...(layer.budget !== undefined && { budgetBytes: layer.budget }),
    defaultCostBytes: layer.default_cost ?? DEFAULT_COST_BYTES,
    yieldAfterMs: layer.yield_after ?? YIELD_AFTER_MS,
  }));
}

const NO_POOLS: readonly string[] = [];

/** Which pools a target is in, out of merged layers. */
export function toPoolOptions(merged: OptionsLayer, roomTimeoutMs: number): PoolOptions {
  const { pools = [], pool, cost, costs } = merged;
  return {
    pools:
      pool === undefined && pools.length === 0
        ? NO_POOLS
        : [...new Set([...pools, ...(pool === undefined ? [] : [pool])])],
    ...(cost !== undefined && { costBytes: cost }),
    ...(costs && Object.keys(costs).length > 0 && { costBytesIn: costs }),
    roomTimeoutMs,
  };
}

/** Pools that one layer names and that the file does not have, by key. Pure. */
export function unknownPools(
  { pools = [], pool, costs = {} }: OptionsLayer,
  known: readonly PoolSpec[],
): readonly {
  readonly path: readonly (string | number)[];
  readonly value: string;
  readonly message: string;
}[] {
  const names = known.map(({ name }) => name);
  const there = names.length === 0 ? "there is none yet" : `there is ${names.join(", ")}`;
  const named = [
    ...pools.map((value, index) => ({ value, path: ["pools", index] })),
    ...(pool === undefined ? [] : [{ value: pool, path: ["pool"] }]),
    ...Object.keys(costs).map((value) => ({ value, path: ["costs", value] })),
  ];
  return named
    .filter(({ value }) => !names.includes(value))
    .map(({ value, path }) => {
      const message = `no pool has this name: add it to pools in the configuration file, where ${there}${didYouMean(value, names)}`;
      return { path, value, message };
    });
}

/** A declared cost that one of the target's pools could never bear. */
interface TooDear {
  readonly path: readonly string[];
  readonly value: string;
  readonly message: string;
}

/** The first cost that is too much for its pool. Pure. */
export function tooDear(
  { pools, costBytes = 0, costBytesIn = {} }: Pick<PoolOptions, "pools" | "costBytes" | "costBytesIn">,
  known: readonly PoolSpec[],
): TooDear | undefined {
  for (const { name, budgetBytes = Infinity } of known) {
    const own = costBytesIn[name];
    const bytes = own ?? costBytes;
    if (!pools.includes(name) || bytes <= budgetBytes) continue;
    const value = formatSize(bytes);
    const message = `costs ${value}, but pool ${name} has a budget of ${formatSize(budgetBytes)}: it could never wake. Raise the budget or lower the cost`;
    return { path: own === undefined ? ["cost"] : ["costs", name], value, message };
  }
  return undefined;
}

/** What is wrong with pools in the file, `defaults` and rules included. */
export function filePoolProblems(
  { defaults = {}, discover = [], targets = {} }: FileLayer,
  known: readonly PoolSpec[],
  places: IssuePlaces,
): readonly Problem[] {
  const { hosts: _, ...below } = defaults;
  const layers: readonly (readonly [readonly (string | number)[], OptionsLayer])[] = [
    [["defaults"], below],
    ...discover.map((rule, index) => [["discover", index], rule] as const),
    ...Object.entries(targets).map(([name, target]) => [["targets", name], target] as const),
  ];
  return layers.flatMap(([prefix, layer]) =>
    [...unknownPools(layer, known), ...tooDearIn(layer, below, known)].map(
      ({ path, value, message }): Problem => {
        const full = [...prefix, ...path];
        return {
          severity: "error",
          where: places.where(full),
          key: places.keyName?.(full) ?? joinKeys(full),
          value: places.written(full) ?? value,
          message,
        };
      },
    ),
  );
}

/** Told where it was written: the cost, else the pools. */
function tooDearIn(
  layer: OptionsLayer,
  below: OptionsLayer,
  known: readonly PoolSpec[],
): ReturnType<typeof unknownPools> {
  const own = (["cost", "costs", "pools", "pool"] as const).find((name) => layer[name] !== undefined);
  if (own === undefined) return [];
  const merged = { ...below, ...layer, costs: { ...below.costs, ...layer.costs } };
  const found = tooDear(toPoolOptions(merged, 0), known);
  if (!found) return [];
  const [first = ""] = found.path;
  const written = first in layer ? found.path : [own];
  return [{ ...found, path: written }];
}
