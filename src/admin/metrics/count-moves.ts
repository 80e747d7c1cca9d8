import type { Clock } from "../../lib/clock.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { Moved } from "../../watchers/registry/watcher-set.ts";
import { wakeBegan, type State, type Wake } from "../../watchers/state.ts";
import type { Meter } from "./meter.ts";

/** Counts what happens to targets. Dispose to end. */
export function countMoves(registry: Registry, meter: Meter, clock: Clock): Disposable {
  const yielded = registry.pools.yielded.subscribe(({ pools }) => {
    for (const pool of pools) meter.inc("wakegate_pool_yields_total", { pool });
  });
  const moves = registry.moved.subscribe((moved) => count(moved, meter, clock.monotonic()));
  return {
    [Symbol.dispose]() {
      yielded[Symbol.dispose]();
      moves[Symbol.dispose]();
    },
  };
}

function count({ watcher, before, after }: Moved, meter: Meter, mono: number): void {
  const target = watcher.name;
  if (before.kind === after.kind) return;
  if (before.kind === "starting" && after.kind === "ready" && before.wake.cause.by !== "outside") {
    meter.inc("wakegate_wakes_total", { target, outcome: "ready" });
    for (const [phase, ms] of phasesOf(before.wake, mono))
      meter.observe("wakegate_wake_duration_seconds", { phase }, ms / 1_000);
  }
  if (after.kind === "error") {
    meter.inc("wakegate_wakes_total", { target, outcome: "failed" });
    meter.inc("wakegate_wake_failures_total", { reason: after.failure.reason });
  }
  if (after.kind === "napping" && before.kind !== "missing" && isOursToCount(watcher, before)) {
    meter.inc("wakegate_sleeps_total", { target, reason: reasonOf(before) });
    if (before.kind === "stopping" && before.whose === "ours" && before.tries > 0)
      meter.inc("wakegate_sleep_failures_total", { target }, before.tries);
  }
}

/** The replica that made a stop counts it; a stop from outside is counted by the leader. */
function isOursToCount({ around }: Moved["watcher"], before: State): boolean {
  if (before.kind === "stopping" && before.whose === "ours") return before.elsewhere === undefined;
  return around.coordination.mayNotSleep?.kind !== "other";
}

function reasonOf(before: State): "idle" | "room" | "operator" | "foreign" | "exit" {
  if (before.kind !== "stopping") return "exit";
  if (before.whose === "foreign") return "foreign";
  if (before.asked === undefined) return "idle";
  return before.asked === "room" ? "room" : "operator";
}

function phasesOf(wake: Wake, end: number): readonly (readonly [phase: string, ms: number])[] {
  const { stopping, room, dependencies, starting, probing } = wake.began;
  const marks = Object.entries({ stopping, room, dependencies, starting, probing }).filter(
    (mark): mark is [string, number] => mark[1] !== undefined,
  );
  return [
    ["total", end - wakeBegan(wake)],
    ...marks.map(([phase, began], i) => [phase, (marks[i + 1]?.[1] ?? end) - began] as const),
  ];
}
