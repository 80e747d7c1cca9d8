import { inUse } from "../in-use.ts";
import type { Scene } from "../scene.ts";
import { firstTier } from "../../../src/watchers/tiers.ts";
import { passed, type Invariant } from "./invariant.ts";

/** A pass delays a stop by this much, whoever asked for the stop. */
const AFTER_PASS_MS = 2_000;

/** What counts as use, and the most that may be taken for noise, bytes per second. */
const USE = 1_000;
const NOISE = 1_000;

interface Reading {
  readonly bytes: number;
  readonly at: number;
}

/** Judged when Wakegate decides, and again at each try of a stop that failed before. */
export const nothingInUseSleeps: Invariant = {
  number: 2,
  says: "Nothing in use is put to sleep: no lease, no awake dependant, no activity in the last look, no pin.",
  watch(scene) {
    const passes = new Map<string, number>();
    const usage = new Map<string, readonly Reading[]>();
    const judge = (target: string, how: string): void => {
      if (scene.asked.of(target) === "force") return;
      const use = inUse(scene, target);
      if (use !== undefined) scene.violated(2, `${target} is ${how} although ${use}`);
    };
    return {
      hear(happening) {
        if (happening.kind === "killed" || happening.kind === "closed") {
          passes.clear();
          usage.clear();
        }
        if (passed(happening)) passes.set(happening.visit.target, scene.clock.monotonic());
        if (happening.kind === "usage") {
          const { name, bytes } = happening;
          usage.set(name, [...(usage.get(name) ?? []).slice(-1), { bytes, at: scene.clock.monotonic() }]);
        }
        if (happening.kind === "calls" && happening.call.method === "sleep") {
          const state = scene.wakegate?.registry.watcher(happening.call.name)?.state;
          const isAgain = state?.kind === "stopping" && state.whose === "ours" && state.tries > 0;
          // What is paused sleeps already: it is stopped beside a lease that did not wake it.
          if (isAgain && state.deepens === undefined) judge(happening.call.name, "tried to be stopped again");
        }
        if (happening.kind !== "moved") return;
        const { watcher, before, after } = happening.moved;
        if (after.kind !== "stopping" || after.whose !== "ours" || after.resumedUntil !== undefined) return;
        // What is paused sleeps already; its second tier wakes nobody up.
        if (before.kind !== "napping") judge(watcher.name, "put to sleep");
        if (before.kind !== "ready") return;
        judgeTime(scene, watcher.name, passes.get(watcher.name));
        judgeTraffic(scene, watcher.name, usage.get(watcher.name) ?? []);
      },
    };
  },
};

function judgeTime(scene: Scene, target: string, lastPass: number | undefined): void {
  const watcher = scene.wakegate?.registry.watcher(target);
  if (!watcher || lastPass === undefined) return;
  const ago = scene.clock.monotonic() - lastPass;
  const idle = firstTier(watcher.spec).afterMs ?? 0;
  const soon =
    scene.asked.makesRoom(target) ||
    scene.asked.of(target) !== undefined ||
    watcher.orders.held !== undefined ||
    watcher.around.dependencyOnly;
  const least = Math.max(AFTER_PASS_MS, soon ? 0 : idle);
  if (ago < least) scene.violated(2, `${target} is put to sleep ${String(ago)} ms after a request passed`);
}

/** The last look compared two readings of its counters, and they say that nobody uses it. */
function judgeTraffic(scene: Scene, target: string, [first, second]: readonly Reading[]): void {
  if (scene.asked.of(target) === "force") return;
  if (!first || !second) return scene.violated(2, `${target} is put to sleep without a look at its counters`);
  const rate = ((second.bytes - first.bytes) * 1_000) / (second.at - first.at);
  if (rate > USE + NOISE)
    scene.violated(
      2,
      `${target} is put to sleep while ${String(Math.round(rate))} bytes a second go through it`,
    );
}
