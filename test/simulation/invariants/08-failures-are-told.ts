import type { Invariant } from "./invariant.ts";

const LONGEST_COOL_DOWN_MS = 60_000;

export const failuresAreTold: Invariant = {
  number: 8,
  says: "A failure is told, retried, and leaves evidence.",
  watch(scene) {
    /** Targets whose failure has to be in the log when the step is over. */
    const failed = new Set<string>();
    return {
      hear(happening) {
        if (happening.kind === "logged" && happening.event === "wake_failed")
          for (const name of failed) if (happening.message.startsWith(name)) failed.delete(name);
        if (happening.kind !== "moved") return;
        const { watcher, before, after } = happening.moved;
        if (after.kind !== "error" || before.kind === "error") return;
        failed.add(watcher.name);
        const { failure, until } = after;
        if (failure.message === "") scene.violated(8, `${watcher.name} failed without a word`);
        if (until - scene.clock.now() > LONGEST_COOL_DOWN_MS)
          scene.violated(8, `${watcher.name} is not tried again before ${String(until)}`);
        const wakes = scene.wakegate?.store.target(watcher.name)?.wakes ?? [];
        if (after.wake.cause.by !== "outside" && wakes.at(-1)?.outcome !== "failed")
          scene.violated(8, `the failed wake of ${watcher.name} is not in its history`);
      },
      step() {
        for (const name of failed) scene.violated(8, `the failed wake of ${name} is not in the log`);
      },
    };
  },
};
