import type { Scene } from "./scene.ts";

/** Why a target may not be put to sleep now, by what everybody can see; undefined: nobody uses it. */
export function inUse(scene: Scene, target: string): string | undefined {
  for (const visit of scene.visits.keys())
    if (visit.target === target && !scene.wakegate?.clock.stopped)
      return `request ${String(visit.number)} waits for it`;
  for (const session of scene.sessions)
    if (session.target === target && !session.socket.destroyed) return `${session.client} is connected to it`;
  const orders = scene.wakegate?.registry.watcher(target)?.orders;
  const ordered = orders?.keepsAwake()[0];
  return ordered && `${ordered.source}: ${ordered.detail}`;
}

/** The awake dependants of a target, those that are no targets included. */
export function awakeDependants(scene: Scene, target: string): readonly string[] {
  return scene.schedule.apps
    .filter(({ name, owner, needs }) => {
      if (!needs.includes(target)) return false;
      if (owner === "not ours") return scene.told.named(name).some(({ status }) => status === "running");
      const state = scene.wakegate?.registry.watcher(name)?.state;
      if (state?.kind === "waking") return state.step !== "room";
      return state?.kind === "ready" || state?.kind === "starting";
    })
    .map(({ name }) => name);
}
