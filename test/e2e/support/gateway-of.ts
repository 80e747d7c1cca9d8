import type { RawDocker } from "../../support/raw-docker.ts";

/** The address of this machine on a network of the engine. */
export async function gatewayOf(docker: RawDocker, network: string): Promise<string> {
  const told = (await docker.call("GET", `/networks/${network}`)) as {
    IPAM: { Config: { Gateway: string }[] };
  };
  const gateway = told.IPAM.Config[0]?.Gateway;
  if (gateway === undefined) throw new Error(`${network} has no gateway`);
  return gateway.replace(/\/.*$/, "");
}
