import { awakeDependants } from "../in-use.ts";
import type { Scene } from "../scene.ts";
import type { Invariant } from "./invariant.ts";

export const dependenciesFirst: Invariant = {
  number: 7,
  says: "Dependencies are ready before their dependants start; we never stop one that is needed.",
  watch: (scene) => ({
    hear(happening) {
      if (happening.kind === "calls" && happening.call.method === "sleep") {
        const state = scene.wakegate?.registry.watcher(happening.call.name)?.state;
        if (state?.kind === "stopping" && state.whose === "ours" && state.tries > 0)
          judgeStop(scene, happening.call.name);
      }
      // A late answer starts nothing.
      if (
        happening.kind === "input" &&
        happening.input.type === "dependencies-ready" &&
        happening.state.kind === "waking" &&
        happening.state.step === "dependencies"
      )
        judgeStart(scene, happening.target);
      if (happening.kind !== "moved") return;
      const { watcher, after } = happening.moved;
      if (after.kind === "stopping" && after.whose === "ours" && after.resumedUntil === undefined)
        judgeStop(scene, watcher.name);
    },
  }),
};

function judgeStart(scene: Scene, target: string): void {
  for (const need of scene.app(target)?.needs ?? []) {
    const state = scene.wakegate?.registry.watcher(need)?.state;
    const up = state?.kind === "ready" || (state?.kind === "starting" && state.seen.status === "running");
    if (!up)
      scene.violated(7, `${target} is started while ${need}, which it needs, is ${state?.kind ?? "unknown"}`);
  }
}

function judgeStop(scene: Scene, target: string): void {
  if (scene.asked.of(target) === "force") return;
  const dependants = awakeDependants(scene, target);
  if (dependants.length > 0)
    scene.violated(7, `${target} is stopped while ${dependants.join(", ")} needs it`);
}
