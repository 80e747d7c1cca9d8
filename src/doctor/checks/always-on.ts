import type { Check } from "../check.ts";
import { knownImage } from "../known-images.ts";
import { labelsOf } from "../labels-of.ts";

/** Is anything a target whose work goes on while nobody asks for it? */
export const alwaysOn: Check = {
  id: "always-on",
  title: "Should never sleep",
  layer: "app",
  judge: ({ targets }) =>
    targets.flatMap(({ spec, instance }) => {
      const known = instance && knownImage(instance.image);
      if (known?.role !== "always-on" || spec.idleTimeoutMs === undefined) return [];
      return [
        {
          level: "warning",
          target: spec.name,
          sentence: `${spec.name} may sleep, but by its image it should not: ${known.reason}.`,
          evidence: [instance?.image ?? ""],
          fix: [
            { where: labelsOf(spec), lines: 'wakegate.enable: "false"' },
            { where: "or, to keep it in the dashboard", lines: "wakegate.idle_timeout: never" },
          ],
        },
      ];
    }),
};
