import type { PublishTarget } from "../input.ts";

/** Where a service leads, or why nowhere. */
export type ServerUrl = { readonly url: string } | { readonly problem: string };

/**
 * The static URL of a target's server, so that nothing in Traefik changes on a wake: `address` where given,
 * else the container's name. The port as Traefik infers it: the label's, else the one that answered before,
 * else the lowest one that the image declares; `port` of the target only where there is none.
 */
export function serverUrl(
  { spec, host, exposedPorts }: PublishTarget,
  scheme: string | undefined,
  portLabel: string | undefined,
): ServerUrl {
  const how = scheme ?? spec.scheme ?? "http";
  const port = portLabel?.trim() || String(exposedPorts[0] ?? spec.port ?? "");
  if (!/^[a-z][a-z0-9+.-]*$/i.test(how)) return { problem: `${how} is no scheme: write http, https or h2c` };
  if (port !== "" && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)) {
    return { problem: "expected a port from 1 to 65535" };
  }
  if (spec.address !== undefined) {
    if (/:\d+$/.test(spec.address)) return { url: `${how}://${spec.address}` };
    return port === "" ? { problem: NO_PORT } : { url: `${how}://${spec.address}:${port}` };
  }
  if (host === undefined) {
    return {
      problem:
        "it has no name in a Docker network: set wakegate.address to a host and port that lead to it from Traefik",
    };
  }
  return port === "" ? { problem: NO_PORT } : { url: `${how}://${host}:${port}` };
}

const NO_PORT =
  "its port is not known: its image declares none. Set the port of its service, or wakegate.port";
