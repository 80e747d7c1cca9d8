import type { InstanceSummary, NetworkAttachment } from "../provider.ts";

/** The fields of a summary that say where the instance can be reached. */
export function networking(
  mode: string | undefined,
  networks:
    | Readonly<Record<string, { IPAddress?: string; GlobalIPv6Address?: string; Gateway?: string }>>
    | null
    | undefined,
): Pick<InstanceSummary, "networks" | "networkOwner" | "hostNetwork"> {
  const attached: NetworkAttachment[] = Object.entries(networks ?? {})
    .filter(([name]) => !name.startsWith("container:"))
    .map(([name, { IPAddress, GlobalIPv6Address, Gateway }]) => ({
      name,
      address: (IPAddress || GlobalIPv6Address) ?? "",
      ...(Gateway && { gateway: Gateway }),
    }));
  return {
    networks: attached,
    ...(mode?.startsWith("container:") && { networkOwner: mode.slice("container:".length) }),
    ...(mode === "host" && { hostNetwork: true }),
  };
}
