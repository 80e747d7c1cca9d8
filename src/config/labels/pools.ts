import type { Problem, Settings, TargetSpec } from "../model.ts";
import { tooDear, unknownPools } from "../pools.ts";
import { LABEL_PREFIX, type WakegateLabels } from "./wakegate.ts";

type Known = Pick<Settings, "pools">;

/** Pools that labels name and the file does not have. */
export function labelPoolProblems(
  { layer }: WakegateLabels,
  { pools }: Known,
  where: string,
): readonly Problem[] {
  return unknownPools(layer, pools).map(({ path, value, message }) => {
    const written = path.filter((part) => typeof part === "string");
    return { severity: "error", where, key: LABEL_PREFIX + written.join("."), value, message };
  });
}

/** A cost that none of the container's pools could bear, from whichever layer. */
export function costProblems(spec: TargetSpec, { pools }: Known, where: string): readonly Problem[] {
  const found = tooDear(spec, pools);
  if (!found) return [];
  const { path, value, message } = found;
  return [{ severity: "error", where, key: LABEL_PREFIX + path.join("."), value, message }];
}
