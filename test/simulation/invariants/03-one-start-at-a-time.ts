import type { EngineCall } from "../happening.ts";
import type { Scene } from "../scene.ts";
import type { Visit } from "../world/visit.ts";
import type { Invariant } from "./invariant.ts";

interface Last {
  readonly call: EngineCall;
  /** Serial number of the telling after which an inspection counts; undefined: it is under way. */
  endedAt: number | undefined;
}

/** What a hold may take beyond its own time. */
const SLACK_MS = 500;

export const oneStartAtATime: Invariant = {
  number: 3,
  says: "At most one start in flight for a target; another only after inspect shows that it failed. Every waiter is answered.",
  watch(scene) {
    const starts = new Map<string, Last>();
    /** Wakegate was stopped while they waited: its time is not theirs. */
    const stalled = new WeakSet<Visit>();
    return {
      hear(happening) {
        if (happening.kind === "killed" || happening.kind === "closed") starts.clear();
        if (happening.kind === "called") {
          const last = starts.get(happening.call.name);
          if (last?.call.number === happening.call.number) last.endedAt = scene.told.now;
        }
        if (happening.kind !== "calls" || happening.call.method !== "wake") return;
        const { call } = happening;
        const last = starts.get(call.name);
        if (last && last.endedAt === undefined)
          scene.violated(3, `${call.name} is started while a start is under way`);
        if (last?.endedAt !== undefined && !failedSince(scene, call, last.endedAt))
          scene.violated(
            3,
            `${call.name} is started again, but no inspection has shown that the last start failed`,
          );
        starts.set(call.name, { call, endedAt: undefined });
      },
      step() {
        if (scene.visits.size === 0) return;
        const stopped = scene.process?.stopped === true;
        for (const visit of scene.visits.keys()) {
          if (stopped) stalled.add(visit);
          else if (!stalled.has(visit)) judgeWaiter(scene, visit);
        }
      },
      quiet() {
        for (const visit of scene.visits.keys())
          scene.violated(3, `request ${String(visit.number)} to ${visit.target} was never answered`);
      },
    };
  },
};

function failedSince(scene: Scene, call: EngineCall, since: number): boolean {
  return scene.told
    .named(call.name)
    .some(({ id, at, status }) => (at > since || id !== call.id) && status !== "running");
}

/** Whoever waits does so for something: not for what is settled, and not for ever. */
function judgeWaiter(scene: Scene, visit: Visit): void {
  const watcher = scene.wakegate?.registry.watcher(visit.target);
  const waited = scene.clock.monotonic() - visit.at;
  const most = watcher?.spec.holdTimeoutMs ?? 25_000;
  if (waited > most + SLACK_MS)
    return scene.violated(
      3,
      `request ${String(visit.number)} to ${visit.target} waits for ${String(waited)} ms`,
    );
  if (!watcher) return;
  const { gate } = watcher;
  const settled =
    gate.kind === "ready" ||
    gate.kind === "missing" ||
    (gate.kind === "failed" && gate.until > scene.clock.now());
  if (settled)
    scene.violated(3, `request ${String(visit.number)} waits although ${visit.target} is ${gate.kind}`);
}
