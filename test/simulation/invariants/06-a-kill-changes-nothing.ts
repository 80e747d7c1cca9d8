import { parseState } from "../../../src/store/format.ts";
import type { TargetRecord } from "../../../src/store/store.ts";
import { firstTier } from "../../../src/watchers/tiers.ts";
import type { Scene } from "../scene.ts";
import { STATE_FILE } from "../world/wakegate.ts";
import type { Invariant } from "./invariant.ts";

/** What a stop may take beyond the target's own grace. */
const STOP_MARGIN_MS = 10_000;

/** Where the wall clock was set, what is written down cannot be compared: only the rest is judged then. */
export const aKillChangesNothing: Invariant = {
  number: 6,
  says: "After kill -9 and restart: nothing sleeps earlier than its idle time after its last known activity; nothing stays awake for ever; no dying container is called ready.",
  watch(scene) {
    let known: ReadonlyMap<string, TargetRecord> = new Map();
    const excused = new Set<string>();
    /** Runs that we were stopping when Wakegate was killed, and until when they count as dying. */
    const dying = new Map<string, number>();
    const stops = new Map<string, { readonly id: string; readonly at: number }>();
    return {
      hear(happening) {
        if (happening.kind === "logged" && /^state_(file|records)_corrupt$/.test(happening.event))
          scene.violated(6, `what was written before is lost: ${happening.message}`);
        if (happening.kind === "calls" && happening.call.method === "sleep")
          stops.set(happening.call.name, { id: happening.call.id, at: scene.clock.monotonic() });
        if (happening.kind === "called" && happening.call.method === "sleep")
          stops.delete(happening.call.name);
        if (happening.kind === "killed") {
          for (const { id, at } of stops.values()) {
            const box = scene.engine.boxes.get(id);
            if (box?.dying) dying.set(box.run, at + STOP_MARGIN_MS);
          }
          stops.clear();
        }
        if (happening.kind === "began") {
          known = readState(scene);
          excused.clear();
        }
        if (happening.kind === "ordered" && /sleep|force|hold/.test(happening.order))
          excused.add(happening.target);
        if (happening.kind !== "moved" || scene.generation < 2 || scene.clock.jumped > 0) return;
        const { watcher, before, after } = happening.moved;
        if (after.kind === "ready" && (dying.get(after.seen.run) ?? 0) > scene.clock.monotonic())
          scene.violated(
            6,
            `${watcher.name} is called ready although it was being stopped before the restart`,
          );
        if (before.kind !== "ready" || after.kind !== "stopping" || after.whose !== "ours") return;
        const { lastActivity, hold } = known.get(watcher.name) ?? {};
        if (lastActivity === undefined || hold || excused.has(watcher.name) || watcher.around.dependencyOnly)
          return;
        if (scene.asked.makesRoom(watcher.name)) return;
        const ago = scene.clock.now() - lastActivity;
        if (ago < (firstTier(watcher.spec).afterMs ?? 0) - 1)
          scene.violated(6, `${watcher.name} is put to sleep ${String(ago)} ms after its last known use`);
      },
      quiet() {
        for (const app of scene.schedule.apps) {
          const why = app.owner === "not ours" ? "not ours" : staysAwake(scene, app.name);
          const box = scene.engine.named(app.name);
          if (why === undefined && box?.status === "running")
            scene.violated(6, `${app.name} is still awake, and nothing says why`);
        }
      },
    };
  },
};

function readState(scene: Scene): ReadonlyMap<string, TargetRecord> {
  const parsed = parseState(scene.disk.read(STATE_FILE) ?? "");
  return parsed.kind === "good" ? parsed.targets : new Map();
}

/** What the looks of a target that nobody uses may take, one that was interrupted included. */
const LOOKS_MS = 90_000;

/** Why a target may be awake although nobody uses it. */
function staysAwake(scene: Scene, target: string): string | undefined {
  const { wakegate } = scene;
  const watcher = wakegate?.registry.watcher(target);
  if (!wakegate || !watcher) return "it is no target now";
  const box = scene.engine.named(target);
  if (watcher.orders.keepsAwake().length > 0) return "it is pinned";
  if (watcher.around.neededBy().length > 0) return "it is needed";
  const { afterMs = 0 } = firstTier(watcher.spec);
  if (scene.clock.now() - (scene.keptUntil.get(target) ?? 0) < afterMs + LOOKS_MS) return "it was kept awake";
  const knows = wakegate.store.target(target)?.startedRun === box?.run;
  const ours = scene.diskFailed ? knows : scene.ownRuns.has(box?.run ?? "");
  if (watcher.around.dependencyOnly && !ours) return "somebody else started it";
  return undefined;
}
