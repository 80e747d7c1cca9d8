import type { Problem, Settings, TargetSpec } from "../model.ts";
import { tooDear, unknownPools } from "../pools.ts";
import { formatSize } from "../values/size.ts";
import { LABEL_PREFIX, type WakegateLabels } from "./wakegate.ts";

type Known = Pick<Settings, "pools">;

/** Pools that labels name and the file does not have. */
export function labelPoolProblems(
  { layer }: WakegateLabels,
  { pools }: Known,
  where: string,
): readonly Problem[] {
  return unknownPools(layer, pools).map(({ path, value, message }) => {
    return { severity: "error", where, key: `${LABEL_PREFIX}${String(path[0])}`, value, message };
  });
}

/** A cost that none of the container's pools could bear, from whichever layer. */
export function costProblems(spec: TargetSpec, { pools }: Known, where: string): readonly Problem[] {
  const message = tooDear(spec, pools);
  if (message === undefined) return [];
  const value = formatSize(spec.costBytes ?? 0);
  return [{ severity: "error", where, key: `${LABEL_PREFIX}cost`, value, message }];
}
