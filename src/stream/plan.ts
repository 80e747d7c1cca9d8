import { streamOf } from "../config/listener-check.ts";
import type { TargetSpec } from "../config/model.ts";
import type { ListenAddress, StreamProtocol } from "../config/model/stream.ts";
import { formatListenAddress } from "../config/values/listen-address.ts";
import type { DirectoryEntry } from "../watchers/handle.ts";

/** Where a listener leads. */
export interface Leads {
  readonly target: string;
  /** Port of the target; unset: its own one. */
  readonly port?: number;
}

/** One TCP listener: how it tells its targets apart, and which these are. */
export interface TcpPlan {
  readonly address: ListenAddress;
  readonly protocol: StreamProtocol;
  /** By name or `*.` pattern. */
  readonly byName: ReadonlyMap<string, Leads>;
  /** For everything that no name leads elsewhere. */
  readonly fallback?: Leads;
}

export interface UdpPlan {
  readonly address: ListenAddress;
  readonly to: Leads;
}

/** All listeners that the targets want, by `address:port`. */
export interface StreamPlan {
  readonly tcp: ReadonlyMap<string, TcpPlan>;
  readonly udp: ReadonlyMap<string, UdpPlan>;
  /** Claims that found their place taken, as sentences. */
  readonly conflicts: readonly string[];
}

/** A target as far as its listeners go. */
export type ListeningSpec = Pick<TargetSpec, "name" | "origin" | "tcp" | "udp" | "stream">;

/**
 * Makes listeners out of targets. What the file defines comes before what labels define, so that a container
 * cannot take a listener away; then the first by name wins. Pure.
 */
export function planStreams(specs: Iterable<ListeningSpec>): StreamPlan {
  const tcp = new Map<
    string,
    { address: ListenAddress; protocol: StreamProtocol; leads: Map<string, Leads> }
  >();
  const udp = new Map<string, UdpPlan>();
  const conflicts: string[] = [];
  const lose = (at: string, loser: string, winner: string): void => {
    conflicts.push(
      `${winner} has ${at} already; ${loser} does not get it. Give one of them another listener.`,
    );
  };
  for (const spec of [...specs].sort(byRank)) {
    for (const entry of spec.tcp ?? []) {
      const at = formatListenAddress(entry.listen);
      const { protocol, names } = streamOf(spec, entry);
      const plan = tcp.get(at) ?? { address: entry.listen, protocol, leads: new Map<string, Leads>() };
      tcp.set(at, plan);
      const to: Leads = { target: spec.name, ...(entry.port !== undefined && { port: entry.port }) };
      for (const name of names.length > 0 ? names : [""]) {
        const winner = plan.protocol === protocol ? plan.leads.get(name) : [...plan.leads.values()][0];
        if (winner) lose(name === "" ? at : `${name} on ${at}`, spec.name, winner.target);
        else plan.leads.set(name, to);
      }
    }
    for (const { listen, port } of spec.udp ?? []) {
      const at = formatListenAddress(listen);
      const winner = udp.get(at)?.to.target;
      const to: Leads = { target: spec.name, ...(port !== undefined && { port }) };
      if (winner === undefined) udp.set(at, { address: listen, to });
      else lose(`${at}/udp`, spec.name, winner);
    }
  }
  const plans = [...tcp].map(([at, { address, protocol, leads }]): [string, TcpPlan] => {
    const fallback = leads.get("");
    return [at, { address, protocol, byName: leads, ...(fallback && { fallback }) }];
  });
  return { tcp: new Map(plans), udp, conflicts };
}

/** Where a name leads: exactly, by a pattern for its first label, else to the fallback. */
export function leadsOf(plan: TcpPlan, name: string | undefined): Leads | undefined {
  if (name === undefined || name === "") return plan.fallback;
  const dot = name.indexOf(".");
  const pattern = dot > 0 ? plan.byName.get(`*${name.slice(dot)}`) : undefined;
  return plan.byName.get(name) ?? pattern ?? plan.fallback;
}

/** Remembers the listeners of targets that cannot be served now (bad labels), so that these stay open. */
export function listeningSpecs(
  entries: readonly DirectoryEntry[],
  before: ReadonlyMap<string, ListeningSpec>,
): Map<string, ListeningSpec> {
  const specs = new Map<string, ListeningSpec>();
  for (const { name, handle } of entries) {
    const spec = handle?.spec ?? before.get(name);
    if (spec && (spec.tcp?.length ?? 0) + (spec.udp?.length ?? 0) > 0) specs.set(name, spec);
  }
  return specs;
}

function byRank(a: ListeningSpec, b: ListeningSpec): number {
  const labelled = (spec: ListeningSpec): number => (spec.origin.startsWith("labels of ") ? 1 : 0);
  return labelled(a) - labelled(b) || (a.name < b.name ? -1 : 1);
}
