import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";

/** Would the engine start again by itself what sleeps? */
export const restart: Check = {
  id: "restart",
  title: "Restart policies",
  layer: "app",
  judge({ targets }) {
    const known = targets.filter(({ spec, instance }) => instance && spec.source.kind === "docker");
    const found = known.flatMap(({ spec, instance }): Found[] =>
      instance?.restartPolicy === "always"
        ? [
            {
              level: "warning",
              target: spec.name,
              sentence: `${spec.name} has restart: always: each start of the engine starts it, though it slept. Wakegate puts it back, one after the other, but all start at once first.`,
              fix: [{ where: `compose.yaml, service ${spec.name}`, lines: "restart: unless-stopped" }],
            },
          ]
        : [],
    );
    if (found.length > 0 || known.length === 0) return found;
    return [{ level: "ok", sentence: "No restart policy starts what sleeps." }];
  },
};
