import type { Ready } from "../state.ts";
import { firstTier } from "../tiers.ts";
import type { Input } from "../input.ts";
import type { Workbench } from "../workbench.ts";
import { changedOr } from "./changed-or.ts";
import { dueInMs } from "./holders.ts";
import { dropIntent, writeIntent } from "./intent.ts";
import { isLocked, look, lookAtLock } from "./look.ts";

/** A timer this late means that the machine or the process stood still: nobody could use anything meanwhile. */
const STALLED_MS = 10_000;
/** What a target gets after that, so that those who used it can come back. */
const AFTER_STALL_MS = 60_000;

/** Waits until nothing has used the target for its idle time and the last look agrees, then says so. */
export async function untilIdle(bench: Workbench, state: Ready, signal: AbortSignal): Promise<Input> {
  const { activity, around, asked } = bench;
  for (;;) {
    await untilDue(bench, state, signal);
    const { method } = asked;
    const uses = activity.uses;
    const forced = asked.how === "force";
    const seen = forced ? await lookAtLock(bench, signal) : await look(bench, signal);
    // Others find room elsewhere; whoever else asked waits for the lock.
    if (isLocked(seen) && asked.how !== "room") {
      bench.sleepNotBefore = around.clock.monotonic() + LOOK_AGAIN_MS;
      continue;
    }
    if (!forced && seen?.inUse !== false) {
      usedAgain(bench, seen ? LOOK_AGAIN_MS : INTERRUPTED_MS);
      asked.keep();
      // What an operator asked for is refused by use; a look that was not finished is made again.
      if (seen) asked.cancel();
      continue;
    }
    if (activity.uses !== uses || !isDue(bench, state)) continue;
    if (bench.spec.dryRun && !forced) {
      bench.insight.wouldSleep();
      // Single uses do not tell that they happen: look at the clock again after one more idle time.
      const ms = firstTier(bench.spec).afterMs ?? LOOK_AGAIN_MS;
      await changedOr(around.clock, ms, activity.changed, signal);
      continue;
    }
    const intent = await writeIntent(bench, state.seen, method, signal);
    if (intent === "unwritten") usedAgain(bench, LOOK_AGAIN_MS);
    if (intent === "refused") await changedOr(around.clock, ASK_AGAIN_MS, activity.changed, signal);
    if (intent !== "written") continue;
    // Between the look and here the disk was waited for: somebody may have come.
    if (activity.uses === uses && isDue(bench, state)) {
      return {
        type: "sleep",
        method,
        ...(asked.how && { asked: asked.how }),
      };
    }
    dropIntent(bench);
  }
}

/** The idle time begins anew; what sleeps without one (asked to, or a dependency) is looked at again a bit later. */
function usedAgain(bench: Workbench, againMs: number): void {
  bench.activity.evidence();
  bench.lookAgainAt = bench.around.clock.monotonic() + againMs;
}

const LOOK_AGAIN_MS = 30_000;
/** Another Wakegate did not agree: one that hangs is lost soon, and what it knows is told soon. */
const ASK_AGAIN_MS = 5_000;
/** The look was not finished, so it says nothing. */
const INTERRUPTED_MS = 2_000;

async function untilDue(bench: Workbench, state: Ready, signal: AbortSignal): Promise<void> {
  const { clock, coordination } = bench.around;
  for (;;) {
    const ms = coordination.mayNotSleep ? undefined : dueInMs(bench, state);
    if (ms !== undefined && ms <= 0) return;
    const due = clock.monotonic() + (ms ?? Number.POSITIVE_INFINITY);
    await changedOr(clock, ms, bench.activity.changed, signal);
    if (clock.monotonic() - due > STALLED_MS) afterStall(bench);
  }
}

/** Everything that was due meanwhile would sleep at once: instead it gets the time to be asked for again. */
function afterStall({ activity, around, spec }: Workbench): void {
  const { afterMs } = firstTier(spec);
  const now = around.clock.monotonic();
  const grace = Math.min(AFTER_STALL_MS, afterMs ?? AFTER_STALL_MS);
  activity.resumeAt(Math.max(activity.lastUse, now - (afterMs ?? 0) + grace));
}

function isDue(bench: Workbench, state: Ready): boolean {
  const ms = bench.around.coordination.mayNotSleep ? undefined : dueInMs(bench, state);
  return ms !== undefined && ms <= 0;
}
