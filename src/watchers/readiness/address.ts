import type { Instance, InstanceSummary } from "../../providers/provider.ts";
import type { TargetSpec } from "../../config/model.ts";

/** Where a probe may find the target, best first. */
export interface ProbeAddress {
  readonly host: string;
  readonly port: number;
  readonly via: "configured" | "network" | "published";
  /** The port inside the container, where `port` is the one that it is published at. */
  readonly containerPort?: number;
}

/** Where Wakegate stands: which networks lead to the targets of one engine. */
export interface Vantage {
  /** Names of the networks Wakegate's own container is on; undefined: it runs on the engine's host. */
  readonly networks?: ReadonlySet<string>;
}

/** Where Wakegate stands by its own container: on the engine's host every network is near, in a container those it is on. */
export function vantageFrom(self: InstanceSummary | undefined): Vantage {
  if (!self || self.hostNetwork) return {};
  return { networks: new Set(self.networks.map(({ name }) => name)) };
}

/** More would be asked in vain: images that declare ranges exist. */
const MOST_CANDIDATES = 8;

/**
 * The ports that the app may serve on, the likeliest first: the configured one, else those that its image declares.
 * `proven`: the one of them that answered at an earlier wake.
 */
export function candidatePorts(
  { port }: Pick<TargetSpec, "port">,
  { exposedPorts }: Pick<Instance, "exposedPorts">,
  proven?: number,
): readonly number[] {
  return port === undefined ? likeliestFirst(exposedPorts, proven).slice(0, MOST_CANDIDATES) : [port];
}

/** Declared ports, the proven one before the others. */
export function likeliestFirst(ports: readonly number[], proven: number | undefined): readonly number[] {
  if (proven === undefined || ports[0] === proven || !ports.includes(proven)) return ports;
  return [proven, ...ports.filter((port) => port !== proven)];
}

/** The port that leads to the app: configured, else the one that answered before, else the lowest declared one. */
export function portOf(
  spec: Pick<TargetSpec, "port">,
  instance: Pick<Instance, "exposedPorts">,
  proven?: number,
): number | undefined {
  return candidatePorts(spec, instance, proven)[0];
}

/** Whether the port has to be found out: nothing names it, and the image declares several. */
export function isPortGuessed(
  { port, address }: Pick<TargetSpec, "port" | "address">,
  { exposedPorts }: Pick<Instance, "exposedPorts">,
): boolean {
  return port === undefined && !/:\d+$/.test(address ?? "") && exposedPorts.length > 1;
}

/** Where the port of a target comes from, in words that follow "port 8080". */
export function portOriginOf(
  spec: Pick<TargetSpec, "port" | "portFrom">,
  { exposedPorts }: Pick<Instance, "exposedPorts">,
): string {
  if (spec.port !== undefined) return `from ${spec.portFrom ?? "the configuration"}`;
  return exposedPorts.length > 1
    ? `a guess: its image declares ${exposedPorts.join(", ")}, and no label says which one it is`
    : "the only one that its image declares";
}

/**
 * Every address worth a try, in the order of trust: the configured one, the target's own (or its network
 * owner's) on a network that leads there, then a published port. Resolved anew for each wake, because
 * engines give freed addresses to other containers. `wanted` is a port other than the target's own.
 */
export function probeAddresses(
  spec: TargetSpec,
  instance: Instance,
  owner: InstanceSummary | undefined,
  vantage: Vantage,
  wanted?: number,
): readonly ProbeAddress[] {
  const port = wanted ?? portOf(spec, instance);
  if (spec.address !== undefined) return configured(spec.address, port, wanted);
  if (port === undefined) return [];
  const networks = owner?.networks ?? instance.networks;
  const reachable = networks.filter(
    ({ name, address }) =>
      address !== "" &&
      (spec.network === undefined || name === spec.network) &&
      (vantage.networks === undefined || vantage.networks.has(name)),
  );
  const onNetwork = reachable.map(({ address }) => ({ host: address, port, via: "network" as const }));
  if (instance.hostNetwork && vantage.networks === undefined) {
    return [{ host: "127.0.0.1", port, via: "network" }];
  }
  const published = instance.publishedPorts
    .filter((published) => published.port === port)
    .map(({ hostAddress, hostPort }) => ({
      host: wildcard(hostAddress) ? "127.0.0.1" : hostAddress,
      port: hostPort,
      via: "published" as const,
      ...(hostPort !== port && { containerPort: port }),
    }))
    // From inside a container, the host's loopback leads to ourselves.
    .filter(({ host }) => vantage.networks === undefined || host !== "127.0.0.1");
  return dedupe([...onNetwork, ...published]);
}

/** What to tell an operator whose target cannot be reached by any address. */
export function noAddressMessage(
  spec: TargetSpec,
  instance: Instance,
  owner: InstanceSummary | undefined,
  vantage: Vantage,
): string {
  if (spec.source.kind === "kubernetes") {
    return `no Service leads to the pods of ${spec.name}, or its address cannot be reached from here. Make a Service whose selector fits them, set services_reachable of the cluster where Wakegate runs on a node, or set wakegate.address to a host and port that lead there.`;
  }
  if (portOf(spec, instance) === undefined) {
    return `the port of ${spec.name} is not known: its image declares none. Set wakegate.port (label) or port (file).`;
  }
  const has = (owner?.networks ?? instance.networks).map(({ name }) => name);
  const list = has.length > 0 ? has.join(", ") : "none";
  if (spec.network !== undefined && !has.includes(spec.network)) {
    return `${spec.name} is not on the network ${spec.network} (it has: ${list}). Correct wakegate.network, or connect the container to that network.`;
  }
  const fixes = [
    `connect Wakegate to ${has[0] ?? "a network of the container"} (networks: in its compose.yaml)`,
    `put ${spec.name} on a network that Wakegate is on${vantage.networks ? ` (${[...vantage.networks].join(", ") || "none"})` : ""}`,
    "set wakegate.address to a host and port that lead there",
  ];
  return `share no network with ${spec.name} (it has: ${list}). Do one of these: ${fixes.join("; ")}.`;
}

function configured(
  address: string,
  port: number | undefined,
  wanted: number | undefined,
): readonly ProbeAddress[] {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address);
  const host = match?.[1] ?? match?.[2] ?? address;
  const own = wanted ?? (match?.[3] === undefined ? port : Number(match[3]));
  return own === undefined ? [] : [{ host, port: own, via: "configured" }];
}

function wildcard(address: string): boolean {
  return address === "" || address === "0.0.0.0" || address === "::";
}

function dedupe(addresses: readonly ProbeAddress[]): readonly ProbeAddress[] {
  const seen = new Set<string>();
  return addresses.filter(({ host, port }) => {
    const key = `${host}|${String(port)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
