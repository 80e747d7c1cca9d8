import type { RouteSpec } from "../model.ts";
import { readCaddyLabels } from "./caddy.ts";
import { readTraefikLabels } from "./traefik.ts";

/** What a proxy's own labels say of a container. */
export interface ProxyLabels {
  readonly routes: readonly RouteSpec[];
  readonly port?: number;
  readonly scheme?: "http" | "https";
  /** True where a router leads here, whether or not its hosts can be listed. */
  readonly proxied?: boolean;
  /** What was left aside, each with its label. */
  readonly warnings: readonly { readonly key: string; readonly value: string; readonly message: string }[];
}

/** Hosts and port from the labels of Traefik, else of caddy-docker-proxy. Never throws. */
export function readProxyLabels(labels: Readonly<Record<string, string>>): ProxyLabels {
  const traefik = readTraefikLabels(labels);
  if (traefik.routes.length > 0) return traefik;
  const caddy = readCaddyLabels(labels);
  const port = traefik.port ?? caddy.port;
  return {
    ...caddy,
    ...(port === undefined ? {} : { port }),
    ...(traefik.proxied ? { proxied: true } : {}),
    warnings: [...traefik.warnings, ...caddy.warnings],
  };
}
