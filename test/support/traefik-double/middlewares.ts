import { setTimeout as pause } from "node:timers/promises";
import type { DynamicConfig } from "./dynamic-config.ts";
import type { Handler } from "./exchange.ts";
import { forwardAuth } from "./forward-auth.ts";
import type { Resolve } from "./names.ts";

/** What middlewares are built with. */
export interface Workshop {
  readonly config: DynamicConfig;
  readonly service: (name: string) => Handler | undefined;
  readonly resolve: Resolve;
}

/** Wraps a handler in the named middlewares, the first one outermost. Undefined: one of them is not there. */
export function wrap(shop: Workshop, names: readonly string[], inner: Handler): Handler | undefined {
  let handler: Handler | undefined = inner;
  for (const name of [...names].reverse()) {
    const middleware = shop.config.middlewares[name];
    const [kind = "", settings = {}] = Object.entries(middleware ?? {})[0] ?? [];
    if (!middleware || !handler) return undefined;
    handler = one(shop, kind.toLowerCase(), lowerKeys(settings), handler);
  }
  return handler;
}

type Settings = Readonly<Record<string, unknown>>;

function one(shop: Workshop, kind: string, settings: Settings, next: Handler): Handler | undefined {
  switch (kind) {
    case "forwardauth":
      return forwardAuth(
        {
          address: String(settings["address"]),
          authRequestHeaders: list(settings["authrequestheaders"]),
          authResponseHeaders: list(settings["authresponseheaders"]),
        },
        next,
        shop.resolve,
      );
    case "chain":
      return wrap(shop, list(settings["middlewares"]), next);
    case "errors":
      return errors(shop, settings, next);
    case "stripprefix":
      return stripPrefix(list(settings["prefixes"]), next);
    case "headers":
      return addHeaders((settings["customrequestheaders"] ?? {}) as Readonly<Record<string, string>>, next);
    case "retry":
      return retry(
        Number(settings["attempts"]),
        Number.parseInt(settings["initialinterval"] as string, 10) || 0,
        next,
      );
    default:
      throw new Error(`the double knows no middleware ${kind}`);
  }
}

function stripPrefix(prefixes: readonly string[], next: Handler): Handler {
  return async (exchange) => {
    const prefix = prefixes.find((one) => exchange.url.startsWith(one));
    if (prefix === undefined) return await next(exchange);
    const url = `/${exchange.url.slice(prefix.length).replace(/^\/+/, "")}`;
    return await next({ ...exchange, url, headers: { ...exchange.headers, "x-forwarded-prefix": prefix } });
  };
}

function addHeaders(headers: Readonly<Record<string, string>>, next: Handler): Handler {
  return async (exchange) =>
    await next({ ...exchange, headers: { ...exchange.headers, ...lowerKeys(headers) } });
}

/** Another page in the place of an answer without a server's; the status stays unless it is rewritten. */
function errors({ service }: Workshop, settings: Settings, next: Handler): Handler | undefined {
  const page = service(String(settings["service"]));
  const statuses = list(settings["status"]).map(Number);
  const rewrites = (settings["statusrewrites"] ?? {}) as Readonly<Record<string, number>>;
  return (
    page &&
    (async (exchange) => {
      const outcome = await next(exchange);
      if (outcome === "done" || !statuses.includes(outcome.status)) return outcome;
      const status = rewrites[String(outcome.status)] ?? outcome.status;
      return await page({ ...exchange, url: String(settings["query"]), status });
    })
  );
}

/** Again only while nothing was sent; always through the very same handlers. */
function retry(attempts: number, intervalMs: number, next: Handler): Handler {
  return async (exchange) => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await next(exchange);
      if (outcome === "done" || !outcome.unsent || attempt >= attempts) return outcome;
      await pause(intervalMs);
    }
  };
}

/** Labels hold lists as text. */
function list(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value as readonly string[];
  return typeof value === "string" ? value.split(",").map((item) => item.trim()) : [];
}

function lowerKeys<T>(group: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(group).map(([key, value]) => [key.toLowerCase(), value]));
}
