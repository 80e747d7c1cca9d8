import type { Stretch } from "../../store/run-log.ts";
import type { AwakeSpan } from "./target-facts.ts";

/**
 * Stretches in which nobody can say what a target did: Wakegate did not run, and the target's run did not go on
 * through them either. Pure; `awake` is in order, the last span may be open.
 */
export function unrecordedOf(gaps: readonly Stretch[], awake: readonly AwakeSpan[]): readonly Stretch[] {
  return gaps.flatMap((gap) => {
    const left: Stretch[] = [];
    let { from } = gap;
    for (const { from: begin, to = Infinity } of awake) {
      if (to <= from || begin >= gap.to) continue;
      if (begin > from) left.push({ from, to: begin });
      from = Math.max(from, to);
    }
    if (from < gap.to) left.push({ from, to: gap.to });
    return left;
  });
}
