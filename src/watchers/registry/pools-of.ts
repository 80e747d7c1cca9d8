import { Pools, type PoolsOptions, type PoolWatchers } from "../pools/pools.ts";
import type { Engines } from "./engines.ts";
import type { Planning } from "./planning.ts";

/** The pools of a registry: who needs whom is what the latest plan says, and nothing fits before all is known. */
export function poolsOf(
  { clock, log }: Pick<PoolsOptions, "clock" | "log">,
  planning: Planning,
  engines: Engines,
  watchers: PoolWatchers,
): Pools {
  return new Pools({
    clock,
    log,
    pools: planning.settings.pools,
    watchers,
    needs: (name) => {
      const { edges = [], companions = [] } = planning.plan.targets.get(name) ?? {};
      return [...edges.map((edge) => edge.name), ...companions];
    },
    said: (name) => planning.instanceOf(name)?.status,
    // An engine that is away may say something else later; who waits for it would wait for ever.
    settled: () => engines.views.every(({ everListed, outage }) => everListed || outage !== undefined),
  });
}
