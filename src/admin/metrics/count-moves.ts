import type { Clock } from "../../lib/clock.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { Moved } from "../../watchers/registry/watcher-set.ts";
import { wakeBegan, type State, type Wake } from "../../watchers/state.ts";
import type { Meter } from "./meter.ts";

/** Counts what happens to targets. `askedToSleep` tells a person's sleep from an idle one. Dispose to end. */
export function countMoves(
  registry: Registry,
  meter: Meter,
  clock: Clock,
  askedToSleep: (name: string) => boolean,
): Disposable {
  return registry.moved.subscribe((moved) => count(moved, meter, clock.monotonic(), askedToSleep));
}

function count(
  { watcher, before, after }: Moved,
  meter: Meter,
  mono: number,
  asked: (name: string) => boolean,
): void {
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
  if (after.kind === "napping" && before.kind !== "missing") {
    meter.inc("wakegate_sleeps_total", { target, reason: reasonOf(before, asked(target)) });
    if (before.kind === "stopping" && before.whose === "ours" && before.tries > 0)
      meter.inc("wakegate_sleep_failures_total", { target }, before.tries);
  }
}

function reasonOf(before: State, asked: boolean): "idle" | "operator" | "foreign" | "exit" {
  if (before.kind !== "stopping") return "exit";
  if (before.whose === "foreign") return "foreign";
  return asked ? "operator" : "idle";
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
