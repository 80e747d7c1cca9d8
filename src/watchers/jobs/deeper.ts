import { sleep } from "../../lib/clock.ts";
import type { Napping } from "../state.ts";
import type { Input } from "../input.ts";
import type { Workbench } from "../workbench.ts";
import { changedOr } from "./changed-or.ts";
import { dropIntent, writeIntent } from "./intent.ts";
import { isLocked, lookAtLock } from "./look.ts";

/** When the state file cannot be written, or another Wakegate is the one to do it. */
const RETRY_MS = 60_000;

/** The second tier: what is paused is stopped when its time has come, or when others need its memory. */
export async function untilDeeper(
  bench: Workbench,
  { due, seen }: NonNullable<Napping["deeper"]>,
  signal: AbortSignal,
): Promise<Input> {
  const { activity, around, asked, spec } = bench;
  const { clock } = around;
  const method = spec.stopMethod === "pause" ? "stop" : spec.stopMethod;
  for (;;) {
    const left = asked.how === "room" ? 0 : Math.max(0, due - clock.monotonic());
    // A person may have forced it asleep below one that is awake: a paused one is sooner there for it than a stopped one.
    const isFree = around.neededBy().length === 0;
    if (isFree && left === 0) {
      if (isLocked(await lookAtLock(bench, signal))) {
        await sleep(clock, RETRY_MS, signal);
        continue;
      }
      if ((await writeIntent(bench, seen, method, signal)) !== "written")
        await sleep(clock, RETRY_MS, signal);
      else if (around.neededBy().length === 0) return { type: "sleep", method };
      // While that was written, one that needs it woke.
      else dropIntent(bench);
    } else
      await changedOr(clock, isFree && Number.isFinite(left) ? left : undefined, activity.changed, signal);
  }
}
