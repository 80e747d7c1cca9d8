import type Docker from "dockerode";
import type { DockerEngineSpec } from "../../config/model/engine.ts";
import { Generations } from "../../lib/generations.ts";
import { Emitter } from "../../lib/emitter.ts";
import { race } from "../../lib/race.ts";
import { deadline } from "../../lib/signals.ts";
import { SingleFlight } from "../../lib/single-flight.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ProviderDeps } from "../open.ts";
import { ProviderError } from "../provider.ts";
import { parseAddress, readTls, type EngineAddress } from "./address.ts";
import { statusOf, translate, type Verb } from "./errors.ts";
import { buildDocker, closeDocker, get, setApiVersion } from "./modem.ts";
import { atLeast, chooseVersion } from "./version.ts";

/** How long the engine may take for one answer, in ms. A stop adds the container's own grace. */
export const DEADLINES: Readonly<Record<Verb, number>> = {
  version: 10_000,
  ping: 10_000,
  list: 60_000,
  inspect: 10_000,
  events: 10_000,
  // Volume plugins, slow disks and a busy engine count into these.
  start: 120_000,
  stop: 15_000,
  kill: 30_000,
  pause: 30_000,
  unpause: 30_000,
  usage: 10_000,
  logs: 15_000,
  exec: 60_000,
  commands: 10_000,
  services: 30_000,
  tasks: 30_000,
  networks: 30_000,
  scale: 30_000,
};

/** One engine: its address, the API version agreed upon, and the one way to call it. */
export class Connection implements Disposable {
  readonly engine: string;
  readonly address: EngineAddress;
  readonly clock: Clock;
  readonly log: NonNullable<ProviderDeps["log"]>;
  /** We changed something, and no event came before the answer. */
  readonly unheard = new Emitter<void>();
  /** Lines of event streams so far. */
  heard = 0;
  /** The exit code of each container's latest end that an event told: an inspection of the next run has it no more. */
  readonly exitCodes = new Generations<string, number>(2_000);
  readonly #spec: Omit<DockerEngineSpec, "kind">;
  readonly #deadlines: Readonly<Record<Verb, number>>;
  #docker: Docker | undefined;
  #apiVersion: string | undefined;
  readonly #negotiating = new SingleFlight<void>();
  #podman = false;

  constructor(
    spec: Omit<DockerEngineSpec, "kind">,
    deps: ProviderDeps,
    deadlines: Partial<Record<Verb, number>> = {},
  ) {
    this.engine = spec.name;
    this.address = parseAddress(spec);
    this.clock = deps.clock;
    this.log = deps.log ?? ((): void => undefined);
    this.#spec = spec;
    this.#deadlines = { ...DEADLINES, ...deadlines };
  }

  /** It is Podman that speaks Docker's API. Only after a first call. */
  get isPodman(): boolean {
    return this.#podman;
  }

  /** Whether the agreed API has what came with this version. Only after a first call. */
  supports(version: string): boolean {
    return this.#apiVersion !== undefined && atLeast(this.#apiVersion, version);
  }

  /**
   * Calls the engine with a deadline of the verb's own (plus `extraMs`) and the caller's signal.
   *
   * @throws ProviderError for every failure; the signal's reason after its abort.
   */
  async call<T>(
    verb: Verb,
    signal: AbortSignal,
    work: (docker: Docker, signal: AbortSignal) => Promise<T>,
    extraMs = 0,
  ): Promise<T> {
    signal.throwIfAborted();
    if (!this.#docker) await this.renew(signal);
    const docker = this.#docker;
    if (!docker) throw new ProviderError("engine_unreachable", this.engine, `engine ${this.engine}: closed`);
    return this.#bounded(verb, signal, extraMs, (bounded) => work(docker, bounded));
  }

  /**
   * Does what the engine will tell as an event. Engines tell it before they answer; where nothing came, `unheard`
   * lets the event stream know that it has something to hear.
   */
  async act(work: () => Promise<void>): Promise<void> {
    const { heard } = this;
    await work();
    if (this.heard === heard) this.unheard.emit();
  }

  /**
   * Agrees with the engine upon the API version, again for each new watch: it may be another engine by now.
   *
   * @throws ProviderError `engine_incompatible` when there is no common version, or as `call`.
   */
  async renew(signal: AbortSignal): Promise<void> {
    await race(
      this.#negotiating.run(() => this.#negotiate()),
      signal,
    );
  }

  [Symbol.dispose](): void {
    if (this.#docker) closeDocker(this.#docker);
    this.#docker = undefined;
  }

  /** Serves every caller that waits, so no caller's signal ends it; the deadline does. */
  async #negotiate(): Promise<void> {
    const docker = buildDocker(this.address, readTls(this.#spec));
    const never = new AbortController().signal;
    const told = await this.#bounded("version", never, 0, (signal) => versionOf(docker, signal));
    const version = chooseVersion(this.engine, told);
    setApiVersion(docker, version);
    if (version !== this.#apiVersion) {
      this.log("info", "engine connected", { engine: this.engine, version: told.Version, api: version });
    }
    // The one before is left to the calls in flight; its kept connections time out by themselves.
    this.#docker = docker;
    this.#apiVersion = version;
    this.#podman = isPodman(told);
  }

  async #bounded<T>(
    verb: Verb,
    signal: AbortSignal,
    extraMs: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using limit = deadline(this.clock, this.#deadlines[verb] + extraMs, verb, signal);
    try {
      return await race(work(limit.signal), limit.signal);
    } catch (error) {
      signal.throwIfAborted();
      // What docker-modem throws after an abort is a bare "aborted": the signal knows why.
      const cause: unknown = limit.signal.aborted ? limit.signal.reason : error;
      throw translate(cause, this.engine, this.address, verb);
    }
  }
}

function isPodman({ Components }: Docker.DockerVersion): boolean {
  const parts = (Components as readonly { readonly Name: string }[] | undefined) ?? [];
  return parts.some(({ Name }) => Name === "Podman Engine");
}

async function versionOf(docker: Docker, signal: AbortSignal): Promise<Docker.DockerVersion> {
  const version = (await get(docker, "/version", signal)) as Docker.DockerVersion | string;
  if (typeof version === "string" || !version.ApiVersion)
    throw new Error("this is not a Docker engine's answer");
  return version;
}

/** True for the answer "it is so already". */
export function isNotModified(error: unknown): boolean {
  return error instanceof ProviderError && statusOf(error.cause) === 304;
}

/** True for the answer "its present state does not allow that", which Podman gives as a failure of its own. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false;
  return statusOf(error.cause) === 409 || error.message.includes("container state improper");
}
