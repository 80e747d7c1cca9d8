import { sleep } from "../../lib/clock.ts";
import type { Failed } from "../state.ts";
import { firstTier } from "../tiers.ts";
import type { Input } from "../input.ts";
import type { Workbench } from "../workbench.ts";
import { changedOr } from "./changed-or.ts";
import { holders, isOurs } from "./holders.ts";
import { writeIntent } from "./intent.ts";

/** After a failed wake: tries again for those who wait, or puts what runs without answering to sleep. */
export async function afterFailure(bench: Workbench, state: Failed, signal: AbortSignal): Promise<Input> {
  const { activity, around, asked, followers, spec } = bench;
  const { clock } = around;
  // What its engine restarts again and again may never see the end of a cool-down, so it is not waited for.
  if (state.failingSince === undefined) await sleep(clock, state.until - clock.now(), signal);
  for (;;) {
    const coolMs = Math.max(0, state.until - clock.now());
    const retries = followers.count > 0 && !state.failure.final && !bench.orders.mayNotWake();
    if (retries && coolMs === 0) return { type: "wake", cause: { by: "retry" } };
    const run = state.seen ?? (asked.how === "room" ? state.paused?.seen : undefined);
    const { afterMs } = firstTier(spec);
    const mayStop = run && isOurs(bench, run.run) && !spec.dryRun;
    const since = Math.max(state.failingSince ?? state.ended, activity.lastUse);
    const inMs = asked.how === "room" ? 0 : afterMs && afterMs - (clock.monotonic() - since);
    const left = mayStop ? inMs : undefined;
    const free = around.coordination.mayNotSleep === undefined && holders(bench).length === 0;
    if (run && left !== undefined && left <= 0 && free && !retries) {
      // A pause would keep what does not answer for ever.
      const method = spec.stopMethod === "pause" ? "stop" : spec.stopMethod;
      if ((await writeIntent(bench, run, method, signal)) === "written") return { type: "sleep", method };
    }
    const ms = left === undefined ? Number.POSITIVE_INFINITY : Math.max(1_000, left);
    const next = coolMs > 0 ? Math.min(coolMs, ms) : ms;
    await changedOr(clock, Number.isFinite(next) ? next : undefined, followers.changed, signal);
  }
}
