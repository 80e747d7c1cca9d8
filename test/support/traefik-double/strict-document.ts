import type { DynamicConfig } from "./dynamic-config.ts";

const ROUTER = [
  "rule",
  "ruleSyntax",
  "service",
  "entryPoints",
  "middlewares",
  "priority",
  "tls",
  "observability",
];
const LOAD_BALANCER = [
  "servers",
  "passHostHeader",
  "healthCheck",
  "passiveHealthCheck",
  "sticky",
  "strategy",
  "responseForwarding",
  "serversTransport",
];
const MIDDLEWARES = [
  "addPrefix",
  "basicAuth",
  "buffering",
  "chain",
  "circuitBreaker",
  "compress",
  "contentType",
  "digestAuth",
  "encodedCharacters",
  "errors",
  "forwardAuth",
  "grpcWeb",
  "headers",
  "inFlightReq",
  "ipAllowList",
  "ipWhiteList",
  "passTLSClientCert",
  "plugin",
  "rateLimit",
  "redirectRegex",
  "redirectScheme",
  "replacePath",
  "replacePathRegex",
  "retry",
  "stripPrefix",
  "stripPrefixRegex",
];
/** Groups that may stand alone. */
const MAY_BE_EMPTY = new Set(["tls", "compress", "contentType", "sticky", "cookie", "ipStrategy"]);

type Group = Readonly<Record<string, unknown>>;

/**
 * Reads the document of an HTTP provider as strictly as Traefik: one unknown field or one empty group, and
 * all of it is refused. @throws Error in Traefik's words.
 */
export function readDocument(text: string): DynamicConfig {
  const root = JSON.parse(text) as Group;
  noEmptyGroups(root, "", true);
  only(root, ["http", "tcp", "udp", "tls"]);
  const http = (root["http"] ?? {}) as Record<string, Record<string, Group>>;
  only(http, ["routers", "services", "middlewares", "serversTransports"]);
  for (const router of Object.values(http["routers"] ?? {})) only(router, ROUTER);
  for (const service of Object.values(http["services"] ?? {})) {
    only(service, ["loadBalancer", "failover", "weighted", "mirroring", "middlewares"]);
    const balancer = service["loadBalancer"] as Group | undefined;
    if (balancer) only(balancer, LOAD_BALANCER);
    for (const server of (balancer?.["servers"] ?? []) as Group[])
      only(server, ["url", "weight", "preservePath"]);
  }
  for (const middleware of Object.values(http["middlewares"] ?? {})) only(middleware, MIDDLEWARES);
  return { routers: {}, services: {}, middlewares: {}, ...(http as Partial<DynamicConfig>) };
}

function only(group: Group, known: readonly string[]): void {
  for (const key of Object.keys(group)) {
    if (!known.some((name) => name.toLowerCase() === key.toLowerCase()))
      throw new Error(`field not found, node: ${key}`);
  }
}

function noEmptyGroups(value: unknown, name: string, root = false): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const entries = Object.entries(value);
  if (entries.length === 0 && !root && !MAY_BE_EMPTY.has(name))
    throw new Error(`${name} cannot be a standalone element`);
  for (const [key, child] of entries) noEmptyGroups(child, key);
}
