import type { PoolSpec } from "../../../src/config/model/pool.ts";
import type { State } from "../../../src/watchers/state.ts";
import { awakeDependants } from "../in-use.ts";
import type { Scene } from "../scene.ts";
import type { Invariant } from "./invariant.ts";

/** Judged when a wake gets its room: what others start later is not refused. */
export const poolsAreNeverOverdrawn: Invariant = {
  number: 11,
  says: "No wake of ours takes more of a pool than it has; who waits for room holds nothing, and is served or told.",
  watch: (scene) => ({
    hear(happening) {
      if (happening.kind !== "input" || happening.input.type !== "room") return;
      // A late answer gives no room.
      if (happening.state.kind === "waking" && happening.state.step === "room")
        judge(scene, happening.target);
    },
    quiet() {
      const waiting = scene.wakegate?.registry.pools.queue ?? [];
      if (waiting.length > 0) scene.violated(11, `${waiting.join(", ")} wait for room that nobody uses`);
      for (const watcher of scene.wakegate?.registry.watchers ?? [])
        if (watcher.asked.how === "room") scene.violated(11, `${watcher.name} is to make room for nobody`);
    },
  }),
};

function judge(scene: Scene, target: string): void {
  const registry = scene.wakegate?.registry;
  const watcher = registry?.watcher(target);
  if (!registry || !watcher) return;
  // It got its place together with what needs it, before.
  if (awakeDependants(scene, target).length > 0) return;
  for (const pool of registry.pools.specs.filter(({ name }) => watcher.spec.pools.includes(name))) {
    const others = [...registry.watchers].filter(
      ({ name, spec, state }) =>
        name !== target && spec.pools.includes(pool.name) && takes(scene, name, state, pool),
    );
    const most = Math.min(pool.maxAwake ?? Infinity, pool.budgetBytes ?? Infinity);
    if (others.length + 1 > most && !holds(scene, target, pool))
      scene.violated(
        11,
        `${target} gets room in ${pool.name}, which has ${String(most)}, beside ${others.map(({ name }) => name).join(", ")}`,
      );
  }
}

/** By what the engine has told, or because its own wake is under way. */
function takes(scene: Scene, name: string, state: State, pool: PoolSpec): boolean {
  if (state.kind === "starting" || (state.kind === "waking" && state.step !== "room")) return true;
  return holds(scene, name, pool);
}

function holds(scene: Scene, name: string, { budgetBytes }: PoolSpec): boolean {
  // The newest is the target; an older one beside it is somebody else's, and nobody looks at it.
  const [status] = scene.told
    .named(name)
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .map((box) => box.status);
  if (status === "running" || status === "restarting") return true;
  return status === "paused" && budgetBytes !== undefined;
}
