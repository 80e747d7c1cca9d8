import type { KubernetesEngineSpec } from "../../config/model/engine.ts";
import { Emitter } from "../../lib/emitter.ts";
import type { ProviderDeps } from "../open.ts";
import {
  ProviderError,
  type Capability,
  type EngineChange,
  type EngineExam,
  type EngineSink,
  type ExecResult,
  type Instance,
  type Provider,
  type SleepRequest,
  type Usage,
  type WakePatience,
  type LogLimit,
} from "../provider.ts";
import { gatedSink } from "../gated-sink.ts";
import { JointWakes, Work } from "../work.ts";
import { Cluster } from "./cluster.ts";
import { Connection, type Deadlines } from "./connection.ts";
import { Departures } from "./departures.ts";
import { describe } from "./describe.ts";
import { examine } from "./examine.ts";
import { readLogs } from "./logs.ts";
import type { Inside } from "./read-access.ts";
import { sleep, wake, type Memory } from "./scale.ts";
import { Meter } from "./usage.ts";
import { watch, WATCH_DEFAULTS, type WatchOptions } from "./watch.ts";

/** What tests have otherwise. */
export interface KubernetesTuning {
  readonly deadlines?: Partial<Deadlines>;
  readonly watch?: Partial<WatchOptions>;
  /** The inside of a cluster that is none. */
  readonly inside?: Inside;
}

/** Deployments and StatefulSets of one Kubernetes cluster, scaled to 0 and back. */
export class KubernetesProvider implements Provider {
  readonly kind = "kubernetes";
  readonly engine: string;
  readonly can: ReadonlySet<Capability> = new Set(["logs", "usage"]);
  readonly #connection: Connection;
  readonly #cluster: Cluster;
  readonly #departures: Departures;
  readonly #meter: Meter;
  readonly #memory: Memory = new Map();
  readonly #changes = new Emitter<EngineChange>();
  readonly #work = new Work();
  readonly #wakes = new JointWakes<string>(this.#work);
  readonly #watchOptions: WatchOptions;

  constructor(spec: KubernetesEngineSpec, deps: ProviderDeps, tuning: KubernetesTuning = {}) {
    this.engine = spec.name;
    this.#watchOptions = { ...WATCH_DEFAULTS, ...tuning.watch };
    this.#connection = new Connection(spec, deps, tuning.deadlines, tuning.inside);
    this.#cluster = new Cluster(this.#connection, spec);
    const { departuresMs } = this.#watchOptions;
    this.#departures = new Departures(this.#cluster, departuresMs, (change) => this.#changes.emit(change));
    this.#meter = new Meter(this.#cluster);
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    using gated = gatedSink(sink, this.#changes, signal);
    await this.#work.run(signal, async (linked) => {
      await Promise.all([
        watch(this.#cluster, this.#departures, gated, linked, this.#watchOptions),
        this.#departures.run(linked),
      ]);
    });
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    return this.#work.run(signal, async (linked) => {
      const workload = await this.#cluster.find(ref, linked);
      if (!workload) return undefined;
      const [pods, surroundings] = await Promise.all([
        this.#cluster.pods(workload, linked),
        this.#cluster.surroundings(workload, linked),
      ]);
      const { service } = surroundings;
      const slices = service && workload.wanted > 0 ? await this.#cluster.slices(service, linked) : [];
      const reachable = this.#cluster.servicesReachable;
      return describe(workload, { surroundings, reachable }, pods, slices);
    });
  }

  wake({ id }: Pick<Instance, "id">, signal: AbortSignal, patience?: WakePatience): Promise<void> {
    const begin = (asked: WakePatience, inner: AbortSignal): Promise<void> =>
      wake(this.#cluster, id, this.#memory, asked, inner);
    return this.#wakes.join(id, signal, begin, patience);
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    await this.#work.run(signal, (linked) => sleep(this.#cluster, id, request, this.#memory, linked));
    this.#departures.over(id);
  }

  usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    return this.#work.run(signal, (linked) => this.#meter.read(id, linked));
  }

  logs(id: string, limit: LogLimit, signal: AbortSignal): Promise<readonly string[]> {
    return this.#work.run(signal, (linked) => readLogs(this.#cluster, id, limit, linked));
  }

  exec(): Promise<ExecResult> {
    const message = `engine ${this.engine}: commands cannot be run inside pods: Wakegate asks for no right to`;
    return Promise.reject(new ProviderError("not_supported", this.engine, message));
  }

  examine(signal: AbortSignal): Promise<EngineExam> {
    return this.#work.run(signal, (linked) => examine(this.#cluster, linked));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
    this.#connection[Symbol.dispose]();
  }
}
