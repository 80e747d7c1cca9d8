import { expect, it } from "vitest";
import type { Invariant } from "./invariants/invariant.ts";
import { run } from "./run.ts";
import { generate } from "./schedule/generate.ts";
import { loadVariants } from "./settings.ts";
import { shrink } from "./shrink.ts";

/** A rule that a single kind of deed breaks. */
const NO_KILLS: Invariant = {
  number: 11,
  says: "Wakegate is never killed.",
  watch: (scene) => ({
    hear(happening) {
      if (happening.kind === "killed") scene.violated(11, "it was killed");
    },
  }),
};

it("leaves of a schedule what breaks the rule, and that replays by itself", async () => {
  const settings = await loadVariants();
  const invariants = [NO_KILLS];
  const seed = Array.from({ length: 50 }, (_, index) => index).find((seed) =>
    generate(seed).actions.some(({ deed, cue }) => deed.do === "kill" && !cue),
  );
  const schedule = generate(seed ?? 0);
  const found = await run(schedule, { settings, invariants });
  expect(found.violation).toMatchObject({ invariant: 11, message: "it was killed" });
  const { only, outcome } = await shrink(schedule, found, { settings, invariants });
  const left = schedule.actions.filter(({ index }) => only.has(index));
  expect(left.map(({ deed }) => deed.do)).toEqual(["kill"]);
  const again = await run(schedule, { settings, invariants, only });
  expect(again.trace.hash).toBe(outcome.trace.hash);
});
