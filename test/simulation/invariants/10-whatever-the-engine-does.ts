import type { Scene } from "../scene.ts";
import { stateText } from "../describe-happening.ts";
import type { Invariant } from "./invariant.ts";

/** Said only when something happened that nobody expected. */
const FAULTS = new Set(["watcher_job_failed", "forward_auth_failed", "stream_failed"]);

export const whateverTheEngineDoes: Invariant = {
  number: 10,
  says: "The engine may lie, stall, fail, repeat, reorder and forget: 1 to 9 hold in the sense above.",
  watch: (scene) => ({
    hear(happening) {
      if (happening.kind === "logged" && FAULTS.has(happening.event))
        scene.violated(10, `${happening.event}: ${happening.message}`);
    },
    quiet: () => judgeTruth(scene),
  }),
};

/** An engine that told the truth for a while is believed, and everything has come to rest. */
function judgeTruth(scene: Scene): void {
  for (const watcher of scene.wakegate?.registry.watchers ?? []) {
    const box = scene.engine.named(watcher.name);
    const { state, name } = watcher;
    const truth = box?.status ?? "missing";
    const fits = {
      napping: truth !== "running" && truth !== "missing",
      ready: truth === "running",
      error: true,
      missing: truth === "missing",
      waking: false,
      starting: truth === "restarting",
      stopping: false,
    }[state.kind];
    if (!fits) scene.violated(10, `${name} is ${stateText(state)}, but in truth it is ${truth}`);
  }
}
