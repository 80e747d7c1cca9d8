import { run, type Outcome, type RunOptions } from "./run.ts";
import type { Schedule } from "./schedule/generate.ts";

/** The least that still breaks the same rule. */
export interface Shrunk {
  readonly only: ReadonlySet<number>;
  readonly outcome: Outcome;
}

/**
 * Leaves out actions, many at once and then fewer (delta debugging), for as long as the same rule breaks. The result
 * is minimal in the sense that no single action can be left out.
 */
export async function shrink(
  schedule: Schedule,
  found: Outcome,
  options: Pick<RunOptions, "settings" | "invariants">,
): Promise<Shrunk> {
  let best: Shrunk = { only: new Set(schedule.actions.map(({ index }) => index)), outcome: found };
  const leaveOut = async (only: ReadonlySet<number>): Promise<void> => {
    const outcome = await run(schedule, { ...options, only });
    if (outcome.violation?.invariant === found.violation?.invariant) best = { only, outcome };
  };
  let size = Math.ceil(best.only.size / 2);
  for (;;) {
    const before = best.only;
    const list = [...before];
    for (let at = 0; at < list.length; at += size) {
      const out = new Set(list.slice(at, at + size));
      const rest = new Set([...best.only].filter((index) => !out.has(index)));
      if (rest.size < best.only.size) await leaveOut(rest);
    }
    // Left out one by one, and none could be spared: this is the least.
    if (size === 1 && best.only === before) break;
    size = Math.max(1, Math.floor(size / 2));
  }
  return best;
}
