import type { SwarmEngineSpec } from "../../config/model/engine.ts";
import { Emitter } from "../../lib/emitter.ts";
import { Connection } from "../docker/connection.ts";
import type { Verb } from "../docker/errors.ts";
import { readLog } from "../docker/logs.ts";
import { get } from "../docker/modem.ts";
import { findSelf } from "../docker/self.ts";
import { watch, WATCH_DEFAULTS, type WatchOptions } from "../docker/watch.ts";
import type { ProviderDeps } from "../open.ts";
import {
  ProviderError,
  type Capability,
  type EngineChange,
  type EngineSink,
  type EngineSnapshot,
  type ExecResult,
  type Instance,
  type Provider,
  type SleepRequest,
  type Usage,
  type WakePatience,
  type LogLimit,
} from "../provider.ts";
import { networkNames, service, services, tasks, type Service, type Task } from "./api.ts";
import { describe, latestEnd, standing } from "./describe.ts";
import { EVENT_FILTERS, readEvent } from "./events.ts";
import { FOLLOW_CADENCE, Follower, type FollowCadence } from "./follower.ts";
import { sleep, wake } from "./scale.ts";
import { gatedSink } from "../gated-sink.ts";
import { JointWakes, Work } from "../work.ts";

/** Times that tests shorten. */
export interface SwarmTuning {
  readonly deadlines?: Partial<Record<Verb, number>>;
  readonly watch?: Partial<WatchOptions>;
  readonly follow?: Partial<FollowCadence>;
}

/** Services of one Docker Swarm, scaled to 0 and back, by way of one of its managers. */
export class SwarmProvider implements Provider {
  readonly kind = "swarm";
  readonly engine: string;
  readonly can: ReadonlySet<Capability> = new Set(["logs"]);
  readonly #connection: Connection;
  readonly #watchOptions: WatchOptions;
  readonly #changes = new Emitter<EngineChange>();
  readonly #follower: Follower;
  readonly #work = new Work();
  readonly #wakes = new JointWakes<string>(this.#work);

  /** @throws ProviderError `not_supported` for an address that is none of a Docker engine. */
  constructor(spec: SwarmEngineSpec, deps: ProviderDeps, tuning: SwarmTuning = {}) {
    this.engine = spec.name;
    this.#connection = new Connection(spec, deps, tuning.deadlines);
    this.#watchOptions = { ...WATCH_DEFAULTS, ...tuning.watch };
    const cadence = { ...FOLLOW_CADENCE, ...tuning.follow };
    this.#follower = new Follower(this.#connection, cadence, (change) => this.#changes.emit(change));
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    using gated = gatedSink(sink, this.#changes, signal);
    const feed = {
      filters: EVENT_FILTERS,
      toChange: (line: string) => this.#take(line),
      list: (_: Connection, inner: AbortSignal) => this.#list(inner),
    };
    await this.#work.run(signal, async (linked) => {
      await Promise.all([
        watch(this.#connection, gated, linked, this.#watchOptions, feed),
        this.#follower.run(linked),
      ]);
    });
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    return this.#work.run(signal, async (linked) => {
      const found = await service(this.#connection, ref, linked);
      if (!found) return undefined;
      const now = await tasks(this.#connection, [found.ID], linked);
      this.#follower.see([found], now);
      if (standing(found, now).status === "restarting") this.#follower.poke();
      return describe(found, now, await this.#networks(found, now, linked));
    });
  }

  async wake({ id }: Pick<Instance, "id">, signal: AbortSignal, patience?: WakePatience): Promise<void> {
    const begin = (asked: WakePatience, inner: AbortSignal): Promise<void> =>
      wake(this.#connection, id, asked, inner).finally(() => this.#follower.poke());
    await this.#wakes.join(id, signal, begin, patience);
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    const onAsked = (): void => this.#follower.poke();
    try {
      await this.#work.run(signal, (linked) => sleep(this.#connection, id, request, onAsked, linked));
    } finally {
      this.#follower.poke();
    }
  }

  /** The tasks may be anywhere, and only their own node counts for them. */
  async usage(): Promise<Usage | undefined> {
    return undefined;
  }

  logs(id: string, limit: LogLimit, signal: AbortSignal): Promise<readonly string[]> {
    return this.#work.run(signal, async (linked) => {
      const found = await service(this.#connection, id, linked);
      if (!found)
        throw new ProviderError("not_found", this.engine, `engine ${this.engine}: no such service: ${id}`);
      const now = await tasks(this.#connection, [found.ID], linked);
      const ended = limit.ended === true ? latestEnd(found, now) : undefined;
      const task = ended ?? standing(found, now).task;
      if (!task?.Status.ContainerStatus?.ContainerID) return [];
      const query = { stdout: true, stderr: true, tail: limit.lines };
      const framed = found.Spec.TaskTemplate.ContainerSpec?.TTY !== true;
      return readLog(this.#connection, `/tasks/${task.ID}/logs`, { query, framed, limit }, linked);
    });
  }

  exec(): Promise<ExecResult> {
    const message = `engine ${this.engine}: commands cannot be run inside services`;
    return Promise.reject(new ProviderError("not_supported", this.engine, message));
  }

  follow(ids: ReadonlySet<string>): void {
    this.#follower.follow(ids);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
    this.#connection[Symbol.dispose]();
  }

  async #list(signal: AbortSignal): Promise<EngineSnapshot> {
    const all = await services(this.#connection, signal);
    const now = await tasks(this.#connection, undefined, signal);
    const names = await networkNames(this.#connection, signal);
    const node = await this.#node(signal);
    if (node !== undefined) this.#follower.near(node);
    this.#follower.see(all, now, true);
    this.#follower.poke();
    const instances = all.map((one) => describe(one, now, names));
    const selfId = selfOf(now);
    return { instances, ...(selfId !== undefined && { selfId }) };
  }

  #take(line: string): EngineChange | undefined {
    const event = readEvent(line);
    if (event?.kind === "task") this.#follower.stir();
    else if (event) this.#follower.poke();
    return event?.kind === "change" ? event.change : undefined;
  }

  /** Only what has networks needs their names. */
  async #networks(
    { Spec, Endpoint }: Service,
    now: readonly Task[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const has =
      (Spec.TaskTemplate.Networks?.length ?? 0) > 0 ||
      (Endpoint?.VirtualIPs?.length ?? 0) > 0 ||
      now.some(({ NetworksAttachments }) => (NetworksAttachments?.length ?? 0) > 0);
    return has ? networkNames(this.#connection, signal) : new Map();
  }

  async #node(signal: AbortSignal): Promise<string | undefined> {
    type Info = { readonly Swarm?: { readonly NodeID?: string } };
    try {
      const ask = this.#connection.call("ping", signal, (docker, inner) => get(docker, "/info", inner));
      return ((await ask) as Info).Swarm?.NodeID;
    } catch (error) {
      signal.throwIfAborted();
      // A socket proxy may keep it to itself: then every node counts as far away.
      if (error instanceof ProviderError) return undefined;
      throw error;
    }
  }
}

/** The service that Wakegate itself is a task of. */
function selfOf(now: readonly Task[]): string | undefined {
  const containers = now.flatMap(({ ServiceID, Status }) => {
    const id = Status.ContainerStatus?.ContainerID;
    return id ? [{ id, service: ServiceID }] : [];
  });
  const own = findSelf(containers);
  return containers.find(({ id }) => id === own)?.service;
}
