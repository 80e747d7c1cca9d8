import { sleep, type Clock } from "../../src/lib/clock.ts";
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
} from "../../src/providers/provider.ts";

/** How a container of the fake world behaves. */
export interface Behaviour {
  startMs?: number;
  /** How much later than its event the call to start it is answered. */
  answerMs?: number;
  stopMs?: number;
  /** Dies this long after its start, with this status. */
  dies?: { afterMs: number; code: number };
  failStart?: string;
  failStop?: string;
  /** Bytes per second that it moves. */
  traffic?: number;
  /** Cores that it keeps busy. */
  cores?: number;
  /** Commands that people run inside of it. */
  commands?: readonly (readonly string[])[];
  /** What a command run in it answers. */
  exec?: ExecResult;
}

/**
 * An engine of one's own, on the test's clock: containers start and stop as slowly as told, people may do as
 * they like behind Wakegate's back, and every call is written down.
 */
export class FakeWorld implements Provider {
  readonly kind = "docker";
  readonly can: ReadonlySet<Capability> = new Set(["pause", "kill", "usage", "logs"]);
  readonly engine: string;
  readonly calls: string[] = [];
  readonly behaviour = new Map<string, Behaviour>();
  readonly #instances = new Map<string, Instance>();
  readonly #clock: Clock;
  /** One for each Wakegate that follows this engine. */
  readonly #sinks = new Set<EngineSink>();
  #runs = 0;
  #ids = 0;
  /** Set: every call fails as if the engine did not answer. */
  outage: string | undefined;
  /** Events are lost while this is true. */
  deaf = false;
  /** What happens to the answer of an inspection on its way. */
  onAnswer: (instance: Instance | undefined) => Promise<Instance | undefined> = (instance) =>
    Promise.resolve(instance);

  constructor(clock: Clock, engine = "local") {
    this.#clock = clock;
    this.engine = engine;
  }

  /** Makes a container, `created` unless `status` says otherwise, and tells it. */
  create(name: string, options: Partial<Instance> & { behaviour?: Behaviour } = {}): string {
    const { behaviour, ...given } = options;
    const id = given.id ?? `id${String(++this.#ids)}-${name}`;
    if (behaviour) this.behaviour.set(name, behaviour);
    const run = given.status === "running" || given.status === "exited" ? `run${String(++this.#runs)}` : "";
    this.#instances.set(id, {
      id,
      name,
      createdAt: this.#clock.now() + this.#ids,
      image: "app",
      labels: {},
      status: "created",
      networks: [],
      runId: run,
      health: "none",
      exposedPorts: [],
      publishedPorts: [],
      stopTimeoutMs: 10_000,
      stopSignal: "SIGTERM",
      restartPolicy: "no",
      ...given,
    });
    this.#tell({ id, cause: "created" });
    return id;
  }

  get(ref: string): Instance {
    const found = this.#find(ref);
    if (!found) throw new Error(`no container ${ref}`);
    return found;
  }

  /** Changes a container without a call of Wakegate's, and tells it as `cause`. */
  change(ref: string, change: Partial<Instance>, cause: EngineChange["cause"], signal?: string): void {
    const before = this.get(ref);
    this.#instances.set(before.id, { ...before, ...change });
    this.#tell({ id: before.id, cause, ...(signal !== undefined && { signal }) });
  }

  /** A backup takes its lock, or gives it back. */
  lock(ref: string, locked: string | undefined): void {
    const { locked: _, ...rest } = this.get(ref);
    this.#instances.set(rest.id, locked === undefined ? rest : { ...rest, locked });
  }

  /** A person's or the engine's start. */
  runs(ref: string): void {
    // How an earlier run ended is not said of one that runs.
    const { exit: _, ...rest } = this.get(ref);
    this.#instances.set(rest.id, rest);
    this.change(
      ref,
      { status: "running", runId: `run${String(++this.#runs)}`, startedAt: this.#clock.now() },
      "started",
    );
  }

  /** It ends, by itself or by force. */
  dies(ref: string, code: number, oomKilled = false): void {
    this.change(ref, { status: "exited", exit: { code, oomKilled, at: this.#clock.now() } }, "died");
  }

  /** `docker stop` by a person: signal, then death. */
  async stoppedByHand(ref: string, afterMs = 100): Promise<void> {
    this.signalled(ref, "SIGTERM");
    await sleep(this.#clock, afterMs);
    this.dies(ref, 143);
  }

  signalled(ref: string, signal: string): void {
    this.#tell({ id: this.get(ref).id, cause: "signalled", signal });
  }

  remove(ref: string): void {
    const { id } = this.get(ref);
    this.#instances.delete(id);
    this.#tell({ id, cause: "destroyed" });
  }

  /** The event stream breaks and comes back: everything is listed anew. */
  relist(): void {
    for (const sink of this.#sinks) sink.listed({ instances: this.#listing() });
  }

  goAway(message = "no answer"): void {
    this.outage = message;
    for (const sink of this.#sinks) sink.away(new ProviderError("engine_unreachable", this.engine, message));
  }

  comeBack(): void {
    this.outage = undefined;
    this.relist();
  }

  watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    this.#sinks.add(sink);
    if (this.outage === undefined) sink.listed({ instances: this.#listing() });
    else sink.away(new ProviderError("engine_unreachable", this.engine, this.outage));
    return new Promise((resolve) => {
      signal.addEventListener(
        "abort",
        () => {
          this.#sinks.delete(sink);
          resolve();
        },
        { once: true },
      );
    });
  }

  async inspect(ref: string): Promise<Instance | undefined> {
    this.#reach();
    return this.onAnswer(this.#find(ref));
  }

  async wake(
    { id, status }: Pick<Instance, "id" | "status">,
    signal: AbortSignal,
    patience?: WakePatience,
  ): Promise<void> {
    this.#reach();
    const { name } = this.get(id);
    for (let locked = this.get(id).locked; locked !== undefined; locked = this.get(id).locked) {
      patience?.onWaiting(locked);
      await sleep(this.#clock, 1_000, signal);
    }
    patience?.onWaiting(undefined);
    const { startMs = 0, answerMs = 0, failStart, dies } = this.behaviour.get(name) ?? {};
    this.calls.push(`${status === "paused" ? "unpause" : "start"} ${name}`);
    if (startMs > 0) await sleep(this.#clock, startMs, signal);
    if (failStart !== undefined) throw new ProviderError("engine_failed", this.engine, failStart);
    if (status === "paused") {
      this.change(id, { status: "running" }, "unpaused");
      return;
    }
    this.runs(id);
    if (answerMs > 0) await sleep(this.#clock, answerMs, signal);
    if (!dies) return;
    const run = this.get(id).runId;
    this.#clock.after(dies.afterMs, () => {
      if (this.#find(id)?.runId === run) this.dies(id, dies.code);
    });
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    this.#reach();
    const { name } = this.get(id);
    const { locked } = this.get(id);
    if (locked !== undefined) throw new ProviderError("engine_busy", this.engine, locked);
    const { stopMs = 0, failStop } = this.behaviour.get(name) ?? {};
    const with_ = [request.signal, request.timeoutMs].filter((part) => part !== undefined).join(" ");
    this.calls.push(`${request.method} ${name}${with_ && ` ${with_}`}`);
    if (stopMs > 0) await sleep(this.#clock, stopMs, signal);
    if (failStop !== undefined) throw new ProviderError("engine_failed", this.engine, failStop);
    if (request.method === "pause") this.change(id, { status: "paused" }, "paused");
    else if (this.get(id).status !== "exited") this.dies(id, request.method === "kill" ? 137 : 143);
  }

  async usage(id: string, _signal?: AbortSignal): Promise<Usage> {
    this.#reach();
    const { traffic = 0, cores = 0 } = this.behaviour.get(this.get(id).name) ?? {};
    const seconds = this.#clock.monotonic() / 1_000;
    return Promise.resolve({
      receivedBytes: seconds * traffic,
      sentBytes: 0,
      cpuSeconds: seconds * cores,
    });
  }

  async logs(id: string, _limit?: unknown, _signal?: AbortSignal): Promise<readonly string[]> {
    return Promise.resolve([`last words of ${this.get(id).name}`]);
  }

  async commands(id: string, _signal?: AbortSignal): Promise<readonly (readonly string[])[]> {
    this.#reach();
    return Promise.resolve(this.behaviour.get(this.get(id).name)?.commands ?? []);
  }

  async exec(id: string): Promise<ExecResult> {
    const { exec } = this.behaviour.get(this.get(id).name) ?? {};
    return exec
      ? Promise.resolve(exec)
      : Promise.reject(new ProviderError("not_supported", this.engine, "no exec"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #find(ref: string): Instance | undefined {
    return this.#instances.get(ref) ?? [...this.#instances.values()].find(({ name }) => name === ref);
  }

  #tell(change: EngineChange): void {
    if (this.deaf || this.outage !== undefined) return;
    for (const sink of this.#sinks) sink.changed(change);
  }

  #listing(): ReturnType<typeof summaryOf>[] {
    return [...this.#instances.values()].map(summaryOf);
  }

  #reach(): void {
    if (this.outage !== undefined) throw new ProviderError("engine_unreachable", this.engine, this.outage);
  }
}

function summaryOf(instance: Instance) {
  const { id, name, createdAt, image, labels, status, networks, networkOwner, endedAboutAt } = instance;
  return {
    id,
    name,
    createdAt,
    image,
    labels,
    status,
    networks,
    ...(endedAboutAt !== undefined && { endedAboutAt }),
    ...(networkOwner !== undefined && { networkOwner }),
  };
}
