import type { JsonObject } from "../json.ts";
import type { FailOpenOptions, PublishOptions, Section, Warn } from "../input.ts";
import type { OwnRouter } from "./routers.ts";
import { hostsOfRule } from "./rules.ts";
import { atLeast } from "../version.ts";

/** Names that belong to Wakegate in the document. With a hyphen they might be a target's (`wakegate-NAME`). */
export const PUBLIC_SERVICE = "wakegate";
const AUTH = "wakegate_auth";
const AUTH_DIRECT = "wakegate_auth-direct";
const AUTH_OPEN = "wakegate_auth-open";
const AUTH_RESCUE = "wakegate_auth-rescue";
/** Makes a good answer of "asleep", for monitors. */
export const GREEN = "wakegate_asleep";
/** All of them, so that nobody else gets one. */
export const RESERVED = [PUBLIC_SERVICE, AUTH, AUTH_DIRECT, AUTH_OPEN, AUTH_RESCUE, GREEN];

/** Above every router that is not Traefik's own, for a path that no app has. */
const FIRST = 1_000_000;
const OWN_PATHS = "PathPrefix(`/.wakegate/`)";

/** The headers that a verdict depends on. Cookies and passwords stay in Traefik. */
const ASKED_HEADERS = [
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Access-Control-Request-Method",
  "Content-Type",
  "Purpose",
  "Sec-Fetch-Dest",
  "Sec-Fetch-Mode",
  "Sec-Purpose",
  "Sec-WebSocket-Version",
  "Service-Worker",
  "User-Agent",
  "X-Requested-With",
];

/** The question before each request to one target. */
export function gateMiddleware(target: string, options: PublishOptions): JsonObject {
  return questionTo(`forward-auth/${target}`, options);
}

/** A question of Wakegate's; `path` is below `/api/authz/`. */
export function questionTo(path: string, { internalUrl, failOpen }: PublishOptions): JsonObject {
  const base = failOpen ? loopback("127.0.0.1", failOpen) : internalUrl;
  return {
    forwardAuth: {
      address: `${base}/api/authz/${path}`,
      trustForwardHeader: false,
      authRequestHeaders: ASKED_HEADERS,
    },
  };
}

/**
 * The way to the loading page's events, for every entry point in use, with and without TLS as the routers
 * there. A router with TLS options of its own gets one for its hosts, because Traefik answers 421 where the
 * options of the connection and of the router differ.
 */
export function eventRouters(
  routers: readonly (OwnRouter & { readonly warn: Warn })[],
): Readonly<Record<string, JsonObject>> {
  const result: Record<string, JsonObject> = {};
  const put = (
    name: string,
    entryPoint: string | undefined,
    rule: string,
    tls: JsonObject | undefined,
  ): void => {
    result[name] = {
      rule,
      service: PUBLIC_SERVICE,
      priority: rule === OWN_PATHS ? FIRST : FIRST + 1,
      ...(entryPoint === undefined ? {} : { entryPoints: [entryPoint] }),
      ...(tls ? { tls } : {}),
    };
  };
  for (const { name, rule, tls, entryPoints, warn } of routers) {
    const { certResolver, options } = tls ?? {};
    const resolver = typeof certResolver === "string" ? { certResolver } : {};
    const custom = typeof options === "string" && options !== "default";
    const hosts = custom ? hostsOfRule(rule) : undefined;
    if (custom && hosts === undefined) {
      const message = `the loading page of the router ${name} cannot follow the wake: its rule lists no hosts, and a router without hosts cannot have the TLS options ${options}`;
      warn("tls.options", options, message);
    }
    for (const entryPoint of entryPoints.length > 0 ? entryPoints : [undefined]) {
      const suffix = entryPoint === undefined ? "" : `-${entryPoint}`;
      if (custom && hosts !== undefined) {
        put(`wakegate-for-${name}${suffix}`, entryPoint, `(${hosts}) && ${OWN_PATHS}`, {
          ...resolver,
          options,
        });
        continue;
      }
      const all = `wakegate-events${suffix}${tls ? "-tls" : ""}`;
      const before = result[all]?.["tls"];
      // The first router with a resolver gives it.
      const known = typeof before === "object" && "certResolver" in before;
      if (!known) put(all, entryPoint, OWN_PATHS, tls && resolver);
    }
  }
  return result;
}

/** Where the loading page's events come from. */
export function publicService({ publicUrl }: PublishOptions): JsonObject {
  return { loadBalancer: { servers: [{ url: publicUrl }] } };
}

/**
 * The detour of the question over an entry point of Traefik's own: to Wakegate while it is well, else to
 * Traefik's ping, which always says yes. Refused connections are tried again until the check of health, each
 * second, has noticed. An answer that breaks off is turned into a yes where Traefik can: by the failover itself
 * from 3.7 on, by the page for errors from 3.4 on.
 */
export function failOpenParts(options: PublishOptions): Section {
  const { failOpen, internalUrl, version } = options;
  if (!failOpen) return { routers: {}, services: {}, middlewares: {} };
  const entryPoints = [failOpen.entryPoint];
  const status = ["502", "504"];
  const errors = atLeast(version, [3, 7]) ? { errors: { status } } : {};
  const rescue = !atLeast(version, [3, 7]) && atLeast(version, [3, 4]);
  const statusRewrites = { "502": 200, "504": 200 };
  return {
    routers: {
      [AUTH]: {
        rule: "Host(`127.0.0.1`)",
        entryPoints,
        service: AUTH,
        middlewares: rescue ? [AUTH_RESCUE, AUTH] : [AUTH],
      },
      [AUTH_OPEN]: { rule: "Host(`localhost`)", entryPoints, service: "ping@internal" },
    },
    services: {
      [AUTH]: { failover: { service: AUTH_DIRECT, fallback: AUTH_OPEN, ...errors } },
      [AUTH_DIRECT]: {
        loadBalancer: {
          servers: [{ url: internalUrl }],
          healthCheck: { path: "/readyz", interval: "1s", timeout: "2s" },
        },
      },
      // Not ping@internal itself: a failover of older versions does not reach it.
      [AUTH_OPEN]: {
        loadBalancer: { passHostHeader: false, servers: [{ url: loopback("localhost", failOpen) }] },
      },
    },
    middlewares: {
      [AUTH]: { retry: { attempts: 5, initialInterval: "400ms" } },
      ...(rescue
        ? { [AUTH_RESCUE]: { errors: { status, statusRewrites, service: AUTH_OPEN, query: "/" } } }
        : {}),
    },
  };
}

function loopback(host: string, { port }: FailOpenOptions): string {
  return `http://${host}:${String(port)}`;
}
