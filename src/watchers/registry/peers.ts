import type { Instance, InstanceSummary } from "../../providers/provider.ts";
import type { Peer } from "../activity/peer.ts";
import { isLoopback } from "../activity/proc-net.ts";
import type { Askers } from "./askers.ts";
import type { EngineView } from "./engine-view.ts";

/** Proxies that are known by their image, before they have asked for the first verdict. */
const PROXY_IMAGE = /(?:^|\/)(?:traefik|caddy|caddy-docker-proxy|nginx-proxy-manager|swag)(?::|@|$)/;

/** Who is at an address that a target's connection comes from. Pure but for the view's listing. */
export function peerOf(
  address: string,
  target: Pick<Instance, "networks">,
  view: EngineView,
  askers: Askers,
): Peer {
  const found = atAddress(address, view.instances.values());
  if (found) {
    if (found.id === view.self?.id) return { name: found.name, address, kind: "own" };
    const asks = askers.is(found) || PROXY_IMAGE.test(found.image);
    return { name: found.name, address, kind: asks ? "proxy" : "container" };
  }
  const isHost = isLoopback(address) || target.networks.some(({ gateway }) => gateway === address);
  if (isHost) {
    const asks = askers.fromLoopback || anyGateway(view.instances.values(), askers);
    return { name: "this host", address, kind: asks ? "proxy" : "host" };
  }
  return { name: address, address, kind: askers.has(address) ? "proxy" : "outside" };
}

/** Compose services and addresses under which others on the same networks know an instance. Pure. */
export function aliasesOf({ labels, networks }: InstanceSummary): readonly string[] {
  const service = labels["com.docker.compose.service"];
  const addresses = networks.map(({ address }) => address).filter((address) => address !== "");
  return [...(service === undefined ? [] : [service]), ...addresses];
}

function atAddress(address: string, instances: Iterable<InstanceSummary>): InstanceSummary | undefined {
  for (const instance of instances) {
    if (instance.status !== "exited" && instance.networks.some((network) => network.address === address))
      return instance;
  }
  return undefined;
}

/** A proxy on the host, or in its network, asks a containerized Wakegate from a gateway's address. */
function anyGateway(instances: Iterable<InstanceSummary>, askers: Askers): boolean {
  for (const { networks } of instances) {
    if (networks.some(({ gateway }) => gateway !== undefined && askers.has(gateway))) return true;
  }
  return false;
}
