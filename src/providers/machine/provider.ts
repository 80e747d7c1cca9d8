import { join } from "node:path";
import type { MachineEngineSpec } from "../../config/model/machine.ts";
import { Emitter } from "../../lib/emitter.ts";
import { race } from "../../lib/race.ts";
import { SingleFlight } from "../../lib/single-flight.ts";
import type { ProviderDeps } from "../open.ts";
import {
  ProviderError,
  type Capability,
  type EngineChange,
  type EngineSink,
  type ExecResult,
  type Instance,
  type Provider,
  type SleepRequest,
  type Usage,
  type WakePatience,
  type LogLimit,
} from "../provider.ts";
import type { Controls } from "./controls.ts";
import { instanceOf } from "./instance.ts";
import { Runs } from "./runs.ts";
import { untilSwitched, type Switching } from "./switching.ts";
import { watch } from "./watch.ts";
import { JointWakes, Work } from "../work.ts";

/** How long a machine may take to go down, once it was asked to, where the caller does not say. */
const USUAL_GRACE_MS = 120_000;
/** A request that failed may have been heard all the same, as by a machine that was gone before it answered. */
const AFTER_FAILURE_MS = 5_000;

/** One machine that can be switched on and looked at: an engine with a single instance and without events. */
export class MachineProvider implements Provider {
  readonly kind: "command" | "wol";
  readonly engine: string;
  readonly can: ReadonlySet<Capability> = new Set();
  readonly #spec: MachineEngineSpec;
  readonly #controls: Controls;
  readonly #deps: ProviderDeps;
  readonly #runs: Runs;
  readonly #createdAt: number;
  readonly #changes = new Emitter<EngineChange>();
  readonly #work = new Work();
  readonly #wakes = new JointWakes<"machine">(this.#work);
  readonly #look = new SingleFlight<boolean>();

  constructor(spec: MachineEngineSpec, controls: Controls, deps: ProviderDeps) {
    this.kind = spec.kind;
    this.engine = spec.name;
    this.#spec = spec;
    this.#controls = controls;
    this.#deps = deps;
    this.#createdAt = deps.clock.now();
    const { stateDir } = deps;
    this.#runs = new Runs(
      stateDir === undefined ? undefined : join(stateDir, "machines", `${spec.target}.json`),
    );
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    await this.#work.run(signal, (linked) =>
      watch(
        {
          clock: this.#deps.clock,
          engine: this.engine,
          cadence: this.#spec.cadence,
          changes: this.#changes,
          look: (inner) => this.#isOn(inner),
          instance: () => this.#instance,
        },
        sink,
        linked,
      ),
    );
  }

  async inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    signal.throwIfAborted();
    if (ref !== this.#spec.target) return undefined;
    await this.#work.run(signal, (linked) => this.#isOn(linked));
    return this.#instance;
  }

  async wake({ id }: Pick<Instance, "id">, signal: AbortSignal, patience?: WakePatience): Promise<void> {
    signal.throwIfAborted();
    this.#check(id);
    await this.#wakes.join("machine", signal, ({ withinMs }, inner) => this.#wake(withinMs, inner), patience);
  }

  async sleep(id: string, { method, timeoutMs }: SleepRequest, signal: AbortSignal): Promise<void> {
    this.#check(id);
    const { switchOff } = this.#controls;
    if (method !== "stop")
      throw this.#error("not_supported", `cannot be put to sleep by ${method}, only by stop`);
    if (!switchOff) throw this.#error("not_supported", "nothing says how to put it to sleep");
    await this.#work.run(signal, async (linked) => {
      if (!(await this.#isOn(linked))) return;
      this.#changes.emit({ id, cause: "signalled", signal: "SIGTERM" });
      await untilSwitched(
        {
          ...this.#switching(false),
          ask: (inner) => switchOff(inner),
          withinMs: timeoutMs ?? USUAL_GRACE_MS,
        },
        linked,
      );
    });
  }

  async usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    signal.throwIfAborted();
    this.#check(id);
    return undefined;
  }

  /** What a command said is in the error of the wake or sleep that failed. */
  async logs(id: string, _limit: LogLimit, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    this.#check(id);
    return [];
  }

  exec(): Promise<ExecResult> {
    return Promise.reject(this.#error("not_supported", "commands cannot be run inside"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  /** Serves everybody who asks at the same time, so no single caller ends it. */
  #isOn(signal: AbortSignal): Promise<boolean> {
    const look = async (): Promise<boolean> => {
      const on = await this.#controls.isOn(this.#work.closed);
      this.#saw(on);
      return on;
    };
    return race(
      this.#look.run(() => this.#work.keep(look())),
      signal,
    );
  }

  #saw(on: boolean): void {
    if (!this.#runs.seen(on, this.#deps.clock.now())) return;
    this.#changes.emit({ id: this.#spec.target, cause: on ? "started" : "died" });
  }

  #wake(withinMs: number, signal: AbortSignal): Promise<void> {
    const { repeatMs } = this.#controls;
    return untilSwitched(
      {
        ...this.#switching(true),
        ask: (inner) => this.#controls.switchOn(inner),
        ...(repeatMs !== undefined && { repeatMs }),
        withinMs,
      },
      signal,
    );
  }

  #switching(wanted: boolean): Omit<Switching, "ask" | "withinMs"> {
    return {
      clock: this.#deps.clock,
      wanted,
      isOn: (signal) => this.#isOn(signal),
      afterFailureMs: AFTER_FAILURE_MS,
      tooLate: (message) => this.#error("engine_timeout", message),
    };
  }

  get #instance(): Instance {
    return instanceOf(this.#spec.target, this.#controls.what, this.#createdAt, this.#runs.latest);
  }

  #check(id: string): void {
    if (id === this.#spec.target) return;
    throw new ProviderError("not_found", this.engine, `there is no machine ${id.slice(0, 80)}`);
  }

  #error(code: "not_supported" | "engine_timeout", message: string): ProviderError {
    return new ProviderError(code, this.engine, `machine ${this.#spec.target}: ${message}`);
  }
}
