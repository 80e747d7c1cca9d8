import { setMaxListeners } from "node:events";
import type { ProxmoxEngineSpec } from "../../config/model/engine.ts";
import { vmidOf } from "../../config/values/proxmox.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { ProviderDeps } from "../open.ts";
import {
  ProviderError,
  type Capability,
  type EngineExam,
  type EngineSink,
  type ExecResult,
  type Instance,
  type Provider,
  type SleepRequest,
  type Usage,
  type WakePatience,
} from "../provider.ts";
import { Cluster } from "./cluster.ts";
import { Connection, type Deadlines } from "./connection.ts";
import { ProxmoxError } from "./errors.ts";
import { inspect } from "./inspect.ts";
import { race } from "../../lib/race.ts";
import { missingRights, readRights } from "./rights.ts";
import { sleep } from "./sleep.ts";
import { usage } from "./usage.ts";
import { Wake, type WakeTimes } from "./wake.ts";
import { CADENCE, watch, type Cadence } from "./watch.ts";

/** Times that tests shorten. */
export interface ProxmoxTuning {
  readonly deadlines?: Partial<Deadlines>;
  readonly cadence?: Partial<Cadence>;
  readonly wake?: Partial<WakeTimes>;
}

/** How long a wake waits for what is in its way where the caller does not say. */
const USUAL_PATIENCE_MS = 180_000;

/** LXC containers and virtual machines of one Proxmox VE cluster. */
export class ProxmoxProvider implements Provider {
  readonly kind = "proxmox";
  readonly engine: string;
  readonly can: ReadonlySet<Capability> = new Set(["pause", "hibernate", "kill", "usage"]);
  readonly #cluster: Cluster;
  readonly #connection: Connection;
  readonly #tuning: ProxmoxTuning;
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  /** Wakes under way by number: whoever asks for one of them joins it. */
  readonly #wakes = new Map<
    number,
    { readonly done: Promise<void>; readonly told: Set<(why: string) => void> }
  >();

  constructor(spec: ProxmoxEngineSpec, deps: ProviderDeps, tuning: ProxmoxTuning = {}) {
    this.engine = spec.name;
    // Every call under way listens to it, and there may be many.
    setMaxListeners(0, this.#closed.signal);
    this.#tuning = tuning;
    this.#connection = new Connection(spec, deps, tuning.deadlines);
    this.#cluster = new Cluster(this.#connection, spec.discover);
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    await this.#run(signal, (linked) =>
      watch(this.#cluster, sink, linked, { ...CADENCE, ...this.#tuning.cadence }),
    );
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    return this.#run(signal, (linked) => inspect(this.#cluster, ref, linked));
  }

  async wake(
    { id }: Pick<Instance, "id" | "status">,
    signal: AbortSignal,
    patience: WakePatience = { withinMs: USUAL_PATIENCE_MS, onWaiting: () => undefined },
  ): Promise<void> {
    signal.throwIfAborted();
    const vmid = await this.#vmidOf(id, signal);
    const flight = this.#wakes.get(vmid) ?? this.#beginWake(vmid, patience.withinMs);
    flight.told.add(patience.onWaiting);
    try {
      await race(flight.done, signal);
    } finally {
      flight.told.delete(patience.onWaiting);
    }
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    const vmid = await this.#vmidOf(id, signal);
    await this.#run(signal, (linked) => sleep(this.#cluster, vmid, request, linked));
  }

  async usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    const vmid = await this.#vmidOf(id, signal);
    return this.#run(signal, (linked) => usage(this.#cluster, vmid, linked));
  }

  /** Proxmox keeps no output of guests. What a failed start said is in its error. */
  logs(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  exec(): Promise<ExecResult> {
    const message = `engine ${this.engine}: commands cannot be run inside guests`;
    return Promise.reject(new ProviderError("not_supported", this.engine, message));
  }

  async examine(signal: AbortSignal, ids: ReadonlySet<string>): Promise<EngineExam> {
    const rights = await this.#run(signal, (linked) => readRights(this.#cluster, linked));
    const vmids = [...ids].flatMap((id) => vmidOf(id) ?? []);
    const { aclArgument } = this.#connection;
    return {
      refused: missingRights(rights, vmids).map((call) => ({
        call,
        grant: `pveum acl modify /vms ${aclArgument} --roles Wakegate`,
      })),
    };
  }

  follow(ids: ReadonlySet<string>): void {
    this.#cluster.follow(ids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the provider was closed"));
    await Promise.allSettled(this.#running);
    this.#connection[Symbol.dispose]();
  }

  /** The wake serves all who join it: a caller that goes away does not end it, only our own end does. */
  #beginWake(vmid: number, withinMs: number): { done: Promise<void>; told: Set<(why: string) => void> } {
    const told = new Set<(why: string) => void>();
    const onWaiting = (why: string): void => {
      for (const tell of told) tell(why);
    };
    const wake = new Wake(
      this.#cluster,
      vmid,
      { withinMs, onWaiting },
      this.#closed.signal,
      this.#tuning.wake,
    );
    const done = wake.run().finally(() => this.#wakes.delete(vmid));
    const flight = { done, told };
    this.#wakes.set(vmid, flight);
    void this.#keep(done);
    return flight;
  }

  async #vmidOf(ref: string, signal: AbortSignal): Promise<number> {
    const vmid = await this.#run(signal, (linked) => this.#cluster.resolve(ref, linked));
    if (vmid !== undefined) return vmid;
    throw new ProxmoxError("not_found", this.engine, `there is no guest ${ref}`);
  }

  async #run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using linked = linkSignals(signal, this.#closed.signal);
    return await this.#keep(work(linked.signal));
  }

  #keep<T>(work: Promise<T>): Promise<T> {
    const kept = work.catch(() => undefined).finally(() => this.#running.delete(kept));
    this.#running.add(kept);
    return work;
  }
}
