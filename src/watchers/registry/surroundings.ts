import { readFile } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Rounds } from "../../lib/rounds.ts";
import type { Instance, InstanceSummary } from "../../providers/provider.ts";
import type { Store } from "../../store/store.ts";
import type { ReadProc } from "../activity/connections.ts";
import { ALONE, type Coordination } from "../coordination.ts";
import { vantageFrom } from "../readiness/address.ts";
import { networkProbes, type Probes } from "../readiness/probes.ts";
import type { Surroundings } from "../workbench.ts";
import type { Askers } from "./askers.ts";
import type { Comeback } from "./comeback.ts";
import type { EngineView } from "./engine-view.ts";
import { aliasesOf, peerOf } from "./peers.ts";
import type { PlannedTarget } from "./plan.ts";

/** What all watchers share. */
export interface Shared {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  /** Default: there are no others. */
  readonly coordination?: Coordination;
  readonly procDir?: string;
  /** Reads a file below it. Default: the file itself. */
  readonly readProc?: ReadProc;
  /** Default: the network's. */
  readonly probes?: Probes;
  readonly askers: Askers;
  readonly comeback: Comeback;
  readonly usesWritten: Rounds;
  readonly caddyAdmin: () => string | undefined;
}

/** What the registry answers for one target. */
export type Answers = Pick<
  Surroundings,
  "locate" | "current" | "edges" | "neededBy" | "exempt" | "companionsAsleep" | "room"
> & {
  readonly planned: () => PlannedTarget | undefined;
};

/** The world around one target, always as the latest plan and listing have it. */
export function surroundingsOf(shared: Shared, view: EngineView, answers: Answers): Surroundings {
  const { clock, store, log, coordination = ALONE, procDir, askers, comeback, usesWritten } = shared;
  const readProc = shared.readProc ?? readerOf(procDir);
  const { planned, ...asked } = answers;
  return {
    ...asked,
    provider: view.provider,
    clock,
    store,
    log,
    usesWritten,
    coordination,
    ...(procDir !== undefined && { procDir }),
    ...(readProc && { readProc }),
    probes: shared.probes ?? networkProbes,
    get caddyAdmin() {
      return shared.caddyAdmin();
    },
    peerOf: (address, instance) => peerOf(address, ownerOf(view, instance), view, askers),
    aliases: (instance) => aliasesOf(ownerOf(view, instance)),
    cameBack: () => comeback.isOne(view.find(planned()?.instance ?? ""), view),
    comebackSlotMs: () => comeback.slotMs(),
    get vantage() {
      return vantageFrom(view.self);
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

/** Whose addresses an instance has. */
function ownerOf(view: EngineView, instance: Instance): InstanceSummary {
  return (instance.networkOwner === undefined ? undefined : view.find(instance.networkOwner)) ?? instance;
}

function readerOf(procDir: string | undefined): ReadProc | undefined {
  return procDir === undefined ? undefined : (path) => readFile(`${procDir}/${path}`, "utf8");
}
