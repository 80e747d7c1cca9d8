import type { Scene } from "../scene.ts";
import type { Invariant } from "./invariant.ts";

export const onlyWhatIsOurs: Invariant = {
  number: 9,
  says: "A target that is not ours is never started or stopped.",
  watch: (scene) => ({
    hear(happening) {
      if (happening.kind !== "calls") return;
      const { name, id, method } = happening.call;
      const app = scene.app(name);
      if (!app || app.owner === "not ours") return scene.violated(9, `${method} of ${id}, which is not ours`);
      // A person may have it stopped whoever started it.
      if (app.owner !== "implied" || method !== "sleep" || wantedAsleep(scene, name)) return;
      const run = scene.told.boxes.get(id)?.run;
      if (scene.wakegate?.store.target(name)?.startedRun !== run)
        scene.violated(9, `${id} is stopped, but somebody else started this run of it`);
    },
  }),
};

function wantedAsleep(scene: Scene, name: string): boolean {
  return (
    scene.asked.of(name) !== undefined || scene.wakegate?.registry.watcher(name)?.orders.held !== undefined
  );
}
