import type { ProxmoxEngineSpec } from "../../config/model/engine.ts";
import { vmidOf } from "../../config/values/proxmox.ts";
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
import { missingRights, readRights } from "./rights.ts";
import { sleep } from "./sleep.ts";
import { usage } from "./usage.ts";
import { Wake, type WakeTimes } from "./wake.ts";
import { CADENCE, watch, type Cadence } from "./watch.ts";
import { JointWakes, Work } from "../work.ts";

/** Times that tests shorten. */
export interface ProxmoxTuning {
  readonly deadlines?: Partial<Deadlines>;
  readonly cadence?: Partial<Cadence>;
  readonly wake?: Partial<WakeTimes>;
}

/** LXC containers and virtual machines of one Proxmox VE cluster. */
export class ProxmoxProvider implements Provider {
  readonly kind = "proxmox";
  readonly engine: string;
  readonly can: ReadonlySet<Capability> = new Set(["pause", "hibernate", "kill", "usage"]);
  readonly #cluster: Cluster;
  readonly #connection: Connection;
  readonly #tuning: ProxmoxTuning;
  readonly #work = new Work();
  /** By number. */
  readonly #wakes = new JointWakes<number>(this.#work);

  constructor(spec: ProxmoxEngineSpec, deps: ProviderDeps, tuning: ProxmoxTuning = {}) {
    this.engine = spec.name;
    this.#tuning = tuning;
    this.#connection = new Connection(spec, deps, tuning.deadlines);
    this.#cluster = new Cluster(this.#connection, spec.discover);
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    await this.#work.run(signal, (linked) =>
      watch(this.#cluster, sink, linked, { ...CADENCE, ...this.#tuning.cadence }),
    );
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    return this.#work.run(signal, (linked) => inspect(this.#cluster, ref, linked));
  }

  async wake(
    { id }: Pick<Instance, "id" | "status">,
    signal: AbortSignal,
    patience?: WakePatience,
  ): Promise<void> {
    const vmid = await this.#vmidOf(id, signal);
    const begin = (asked: WakePatience, inner: AbortSignal): Promise<void> =>
      new Wake(this.#cluster, vmid, asked, inner, this.#tuning.wake).run();
    await this.#wakes.join(vmid, signal, begin, patience);
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    const vmid = await this.#vmidOf(id, signal);
    await this.#work.run(signal, (linked) => sleep(this.#cluster, vmid, request, linked));
  }

  async usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    const vmid = await this.#vmidOf(id, signal);
    return this.#work.run(signal, (linked) => usage(this.#cluster, vmid, linked));
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
    const rights = await this.#work.run(signal, (linked) => readRights(this.#cluster, linked));
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
    await this.#work[Symbol.asyncDispose]();
    this.#connection[Symbol.dispose]();
  }

  async #vmidOf(ref: string, signal: AbortSignal): Promise<number> {
    const vmid = await this.#work.run(signal, (linked) => this.#cluster.resolve(ref, linked));
    if (vmid !== undefined) return vmid;
    throw new ProxmoxError("not_found", this.engine, `there is no guest ${ref}`);
  }
}
