import type { Random } from "../random.ts";
import { POOLS } from "../settings.ts";
import type { App } from "./apps.ts";

/** In half of the worlds some apps share what is scarce. By a random of its own: the rest of the world stays the same. */
export function putInPools(apps: readonly App[], random: Random): readonly App[] {
  if (random.chance(0.5)) return apps;
  return apps.map((app) => {
    const pools = POOLS.filter(() => random.chance(0.6));
    if (app.owner === "not ours" || pools.length === 0) return app;
    return { ...app, labels: { ...app.labels, "wakegate.pools": pools.join(",") } };
  });
}
