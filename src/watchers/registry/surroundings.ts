import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Store } from "../../store/store.ts";
import type { Vantage } from "../readiness/address.ts";
import type { Surroundings } from "../workbench.ts";
import type { EngineView } from "./engine-view.ts";
import type { PlannedTarget } from "./plan.ts";

/** What all watchers share. */
export interface Shared {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  readonly procDir?: string;
}

/** What the registry answers for one target. */
export type Answers = Pick<Surroundings, "locate" | "edges" | "neededBy" | "exempt"> & {
  readonly planned: () => PlannedTarget | undefined;
};

/** The world around one target, always as the latest plan and listing have it. */
export function surroundingsOf(shared: Shared, view: EngineView, answers: Answers): Surroundings {
  const { clock, store, log, procDir } = shared;
  const { planned, ...asked } = answers;
  return {
    ...asked,
    provider: view.provider,
    clock,
    store,
    log,
    ...(procDir !== undefined && { procDir }),
    get vantage() {
      return vantageOf(view);
    },
    networkOwner: (instance) =>
      instance.networkOwner === undefined ? undefined : view.find(instance.networkOwner),
    get dependencyOnly() {
      return planned()?.dependencyOnly === true;
    },
    get oneShot() {
      return planned()?.oneShot === true;
    },
  };
}

/** On the engine's host every network is near; in a container only those it is on. */
function vantageOf({ self }: EngineView): Vantage {
  if (!self || self.hostNetwork) return {};
  return { networks: new Set(self.networks.map(({ name }) => name)) };
}
