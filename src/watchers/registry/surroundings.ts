import { readFile } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Rounds } from "../../lib/rounds.ts";
import type { Instance, InstanceSummary, Provider } from "../../providers/provider.ts";
import type { Store } from "../../store/store.ts";
import type { ReadProc } from "../activity/connections.ts";
import type { Peer } from "../activity/peer.ts";
import { ALONE, type Coordination } from "../coordination.ts";
import type { Edge } from "../dependencies.ts";
import type { Room } from "../pools/room.ts";
import { vantageFrom, type Vantage } from "../readiness/address.ts";
import { networkProbes, type Probes } from "../readiness/probes.ts";
import type { Lanes } from "../lanes.ts";
import type { Surroundings } from "../workbench.ts";
import type { Askers } from "./askers.ts";
import type { Comeback } from "./comeback.ts";
import type { EngineView } from "./engine-view.ts";
import { aliasesOf, peerOf } from "./peers.ts";
import type { TargetAnswers } from "./target-answers.ts";

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
  readonly lanes: Lanes;
  readonly caddyAdmin: () => string | undefined;
}

/**
 * The world around one target, always as the latest plan and listing have it. There is one for each target, so it
 * holds nothing that another one has as well.
 */
export class TargetSurroundings implements Surroundings {
  readonly #shared: Shared;
  readonly #view: EngineView;
  readonly #answers: TargetAnswers;

  constructor(shared: Shared, view: EngineView, answers: TargetAnswers) {
    this.#shared = shared;
    this.#view = view;
    this.#answers = answers;
  }

  get provider(): Provider {
    return this.#view.provider;
  }

  get clock(): Clock {
    return this.#shared.clock;
  }

  get store(): Store {
    return this.#shared.store;
  }

  get log(): Log {
    return this.#shared.log;
  }

  get lanes(): Lanes {
    return this.#shared.lanes;
  }

  get usesWritten(): Rounds {
    return this.#shared.usesWritten;
  }

  get coordination(): Coordination {
    return this.#shared.coordination ?? ALONE;
  }

  get vantage(): Vantage {
    return vantageFrom(this.#view.self);
  }

  get probes(): Probes {
    return this.#shared.probes ?? networkProbes;
  }

  get procDir(): string | undefined {
    return this.#shared.procDir;
  }

  get readProc(): ReadProc | undefined {
    return this.#shared.readProc ?? readerOf(this.procDir);
  }

  get caddyAdmin(): string | undefined {
    return this.#shared.caddyAdmin();
  }

  locate(signal: AbortSignal): Promise<Instance | undefined> {
    return this.#answers.locate(signal);
  }

  current(signal: AbortSignal): Promise<Instance | undefined> {
    return this.#answers.current(signal);
  }

  networkOwner({ networkOwner }: Instance): InstanceSummary | undefined {
    return networkOwner === undefined ? undefined : this.#view.find(networkOwner);
  }

  peerOf(address: string, instance: Instance): Peer {
    return peerOf(address, ownerOf(this.#view, instance), this.#view, this.#shared.askers);
  }

  aliases(instance: Instance): readonly string[] {
    return aliasesOf(ownerOf(this.#view, instance));
  }

  cameBack(): boolean {
    const { comeback } = this.#shared;
    return comeback.isOne(this.#view.find(this.#answers.planned?.instance ?? ""), this.#view);
  }

  comebackSlotMs(): number {
    return this.#shared.comeback.slotMs();
  }

  edges(): readonly Edge[] {
    return this.#answers.edges();
  }

  companionsAsleep(force: boolean, signal: AbortSignal): Promise<boolean> {
    return this.#answers.companionsAsleep(force, signal);
  }

  neededBy(): readonly string[] {
    return this.#answers.neededBy();
  }

  exempt(): string | undefined {
    return this.#answers.exempt();
  }

  get room(): Room {
    return this.#answers.room;
  }

  get dependencyOnly(): boolean {
    return this.#answers.planned?.dependencyOnly === true;
  }

  get oneShot(): boolean {
    return this.#answers.planned?.oneShot === true;
  }
}

/** Whose addresses an instance has. */
function ownerOf(view: EngineView, instance: Instance): InstanceSummary {
  return (instance.networkOwner === undefined ? undefined : view.find(instance.networkOwner)) ?? instance;
}

function readerOf(procDir: string | undefined): ReadProc | undefined {
  return procDir === undefined ? undefined : (path) => readFile(`${procDir}/${path}`, "utf8");
}
