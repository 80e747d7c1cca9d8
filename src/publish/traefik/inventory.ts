import { nameOnEngine } from "../../config/name-on-engine.ts";
import { plainName } from "../../config/labels/identity.ts";
import type { Subscribable } from "../../lib/emitter.ts";
import type { Instance } from "../../providers/provider.ts";
import { likeliestFirst } from "../../watchers/readiness/address.ts";
import type { BehindBroken, BehindTarget } from "../../watchers/registry/planning.ts";
import type { PublishTarget } from "./input.ts";

/** Where the targets come from: the registry. */
export interface TargetSource {
  /** True once every engine was listed. */
  readonly settled: boolean;
  readonly changed: Subscribable<void>;
  behind(): Iterable<BehindTarget>;
  behindBroken(): Iterable<BehindBroken>;
  inspect(engine: string, id: string, signal: AbortSignal): Promise<Instance | undefined>;
}

/**
 * The targets as they are published. A container that is gone keeps what was known of it: it may be on its
 * way to being created anew. What a listing does not tell, the declared ports, is asked for once where no
 * label names the port.
 */
export class Inventory {
  readonly #source: TargetSource;
  readonly #signal: AbortSignal;
  readonly #ports = new Map<string, readonly number[]>();
  #known = new Map<string, PublishTarget>();

  constructor(source: TargetSource, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** Asks for what is missing. `complete` is false where an answer did not come. Never throws. */
  async read(): Promise<{ readonly targets: readonly PublishTarget[]; readonly complete: boolean }> {
    // Traefik reads a cluster's own routes itself.
    const all = [...this.#source.behind()].filter(({ spec }) => spec.source.kind !== "kubernetes");
    const missing = all.filter((behind) => this.#portsOf(behind) === undefined);
    const next = missing.values();
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        for (const { spec, instance } of next) if (instance) await this.#ask(spec.source.engine, instance.id);
      }),
    );
    const known = new Map<string, PublishTarget>();
    for (const behind of all) {
      const target = this.#targetOf(behind);
      if (target) known.set(behind.spec.name, target);
    }
    this.#known = known;
    const complete = all.every((behind) => this.#portsOf(behind) !== undefined);
    const broken = [...this.#source.behindBroken()].map(brokenTarget);
    return { targets: [...known.values(), ...broken], complete };
  }

  async #ask(engine: string, id: string): Promise<void> {
    try {
      const instance = await this.#source.inspect(engine, id, this.#signal);
      this.#ports.set(id, instance?.exposedPorts ?? []);
    } catch {
      // Asked again at the next poll; until then what was known stands.
    }
  }

  #targetOf(behind: BehindTarget): PublishTarget | undefined {
    const { spec, instance, owner } = behind;
    const before = this.#known.get(spec.name);
    if (!instance) {
      if (before) return { ...before, spec };
      const host = nameOnEngine(spec.source);
      return { spec, labels: {}, where: spec.origin, exposedPorts: [], ...(host !== undefined && { host }) };
    }
    const exposedPorts = this.#portsOf(behind);
    if (!exposedPorts) return before;
    const named =
      owner ?? (instance.hostNetwork || instance.networkOwner !== undefined ? undefined : instance);
    return {
      spec,
      labels: instance.labels,
      ...(spec.source.kind === "swarm" && { swarm: true }),
      where: `${spec.source.kind === "swarm" ? "service" : "container"} ${plainName(instance)} (${spec.source.engine})`,
      ...(named && !named.hostNetwork && nameOnEngine(spec.source) !== undefined
        ? { host: plainName(named) }
        : {}),
      exposedPorts: likeliestFirst(exposedPorts, behind.provenPort),
    };
  }

  /** Undefined: has to be asked. */
  #portsOf({ spec, instance }: BehindTarget): readonly number[] | undefined {
    if (!instance) return [];
    if ("exposedPorts" in instance) this.#ports.set(instance.id, instance.exposedPorts);
    const known = this.#ports.get(instance.id);
    if (known) return known;
    if (spec.source.kind !== "docker" || namesEveryPort(instance.labels)) return [];
    return undefined;
  }
}

/** Nothing of it is reached, so no port and no address are looked for. */
function brokenTarget({ broken: { name, routes }, engine, instance }: BehindBroken): PublishTarget {
  const { labels } = instance;
  // The one label of the wrong ones that says that nothing is wanted.
  const unwanted = labels["wakegate.traefik.publish"]?.trim().toLowerCase() === "false";
  return {
    spec: { name, routes, ...(unwanted && { traefik: { publish: false } }) },
    broken: true,
    labels,
    where: `container ${plainName(instance)} (${engine})`,
    exposedPorts: [],
  };
}

/** Engines answer one call after the other anyway. */
const PARALLEL = 8;

/** True when each service of the labels, HTTP or TCP, has a port or a URL. */
function namesEveryPort(labels: Readonly<Record<string, string>>): boolean {
  const services = new Map<string, boolean>();
  for (const label of Object.keys(labels)) {
    const match = /^traefik\.(?:http|tcp)\.services\.[^.]+(?=\.)/.exec(label.toLowerCase());
    if (!match) continue;
    const named = /^\.loadbalancer\.server\.(?:port|url)$/i.test(label.slice(match[0].length));
    services.set(match[0], named || services.get(match[0]) === true);
  }
  return services.size > 0 && [...services.values()].every(Boolean);
}
