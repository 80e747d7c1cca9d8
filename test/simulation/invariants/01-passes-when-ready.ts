import { passed, type Invariant } from "./invariant.ts";

/**
 * Ready, as far as anybody could know: the last inspection says that it runs, and this very run has proved that it
 * answers.
 */
export const passesWhenReady: Invariant = {
  number: 1,
  says: "A request gets 2xx only while its target is ready.",
  watch: (scene) => ({
    hear(happening) {
      if (!passed(happening)) return;
      const { target } = happening.visit;
      const state = scene.wakegate?.registry.watcher(target)?.state.kind;
      if (state !== "ready")
        return scene.violated(1, `a request to ${target} passed while it is ${state ?? "unknown"}`);
      const provesIt = scene.app(target)?.readiness !== "none";
      const told = scene.told.named(target);
      const up = told.some(({ status, proved }) => status === "running" && (proved || !provesIt));
      // An engine that is away says nothing new: what was ready before goes on.
      if (!up && !scene.told.away) {
        const known = told
          .map(({ id, status, proved }) => `${id} ${status}${proved ? "" : ", not proved"}`)
          .join("; ");
        scene.violated(
          1,
          `a request to ${target} passed, but all that is known is: ${known || "no such container"}`,
        );
      }
    },
  }),
};
