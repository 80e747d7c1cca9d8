import type { DynamicConfig } from "./dynamic-config.ts";
import type { Major } from "./static-config.ts";

/** The fields of the parts that Wakegate makes, by where they stand. `@3.x`: since that version, not in 2.11. */
const FIELDS: Readonly<Record<string, string>> = {
  "": "http tcp udp tls",
  http: "routers services middlewares serversTransports",
  "http.routers.*": "rule service entryPoints middlewares priority tls ruleSyntax@3 observability@3",
  "http.routers.*.tls": "options certResolver domains",
  "http.services.*": "loadBalancer failover weighted mirroring middlewares@3",
  "http.services.*.failover": "service fallback healthCheck errors@3",
  "http.services.*.loadBalancer":
    "servers passHostHeader healthCheck sticky responseForwarding serversTransport strategy@3 passiveHealthCheck@3",
  "http.services.*.loadBalancer.servers.#": "url weight@3 preservePath@3",
  "http.middlewares.*":
    "addPrefix basicAuth buffering chain circuitBreaker compress contentType digestAuth errors forwardAuth headers inFlightReq ipAllowList ipWhiteList passTLSClientCert plugin rateLimit redirectRegex redirectScheme replacePath replacePathRegex retry stripPrefix stripPrefixRegex encodedCharacters@3 grpcWeb@3",
  "http.middlewares.*.forwardAuth":
    "address tls trustForwardHeader authResponseHeaders authResponseHeadersRegex authRequestHeaders maxResponseBodySize addAuthCookiesToResponse@3 headerField@3 forwardBody@3 maxBodySize@3 preserveLocationHeader@3 preserveRequestMethod@3 authSigninURL@3",
  "http.middlewares.*.errors": "status service query statusRewrites@3 errorRequestHeaders@3",
  "http.middlewares.*.retry":
    "attempts initialInterval timeout@3 maxRequestBodyBytes@3 status@3 disableRetryOnNetworkError@3 retryNonIdempotentMethod@3",
  tcp: "routers services middlewares serversTransports@3",
  "tcp.routers.*": "rule service entryPoints middlewares priority tls ruleSyntax@3",
  "tcp.routers.*.tls": "passthrough options certResolver domains",
  "tcp.services.*": "loadBalancer weighted",
  "tcp.services.*.loadBalancer": "servers terminationDelay proxyProtocol serversTransport@3 healthCheck@3",
  "tcp.services.*.loadBalancer.servers.#": "address tls@3",
  "tcp.middlewares.*": "inFlightConn ipAllowList ipWhiteList",
};
/** Groups whose keys are names that people choose. */
const NAMED = /^(?:http|tcp)\.(?:routers|services|middlewares|serversTransports)$/;
/** Groups that may stand alone. */
const MAY_BE_EMPTY = new Set([
  "tls",
  "compress",
  "contentType",
  "sticky",
  "cookie",
  "ipStrategy",
  "proxyProtocol",
]);

type Group = Readonly<Record<string, unknown>>;

/**
 * Reads the document of an HTTP provider as strictly as Traefik: one unknown field or one empty group, and
 * all of it is refused. @throws Error in Traefik's words.
 */
export function readDocument(text: string, major: Major = 3): DynamicConfig {
  const root = JSON.parse(text) as Group;
  noEmptyGroups(root, "", true);
  onlyKnown(root, "", major);
  const { http = {}, tcp = {} } = root as Record<string, Partial<DynamicConfig>>;
  return {
    routers: {},
    services: {},
    middlewares: {},
    ...http,
    tcp: { routers: {}, services: {}, ...(tcp as Partial<DynamicConfig["tcp"]>) },
  };
}

function onlyKnown(value: unknown, path: string, major: Major): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) onlyKnown(item, `${path}.#`, major);
    return;
  }
  const known = NAMED.test(path) ? undefined : FIELDS[path]?.split(" ");
  for (const [key, child] of Object.entries(value)) {
    const field = known?.find((name) => name.replace("@3", "").toLowerCase() === key.toLowerCase());
    const missing = known && (field === undefined || (major < 3 && field.endsWith("@3")));
    if (missing) throw new Error(`field not found, node: ${key}`);
    const below = NAMED.test(path) ? "*" : key;
    onlyKnown(child, path === "" ? below : `${path}.${below}`, major);
  }
}

function noEmptyGroups(value: unknown, name: string, root = false): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const entries = Object.entries(value);
  if (entries.length === 0 && !root && !MAY_BE_EMPTY.has(name))
    throw new Error(`${name} cannot be a standalone element`);
  for (const [key, child] of entries) noEmptyGroups(child, key);
}
