/** Routers, services and middlewares by their qualified names (`blog@docker`). */
export interface DynamicConfig {
  readonly routers: Readonly<Record<string, Router>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly middlewares: Readonly<Record<string, Middleware>>;
  readonly tcp: {
    readonly routers: Readonly<Record<string, TcpRouter>>;
    readonly services: Readonly<Record<string, TcpService>>;
  };
}

export interface TcpRouter {
  readonly rule: string;
  readonly service: string;
  readonly entryPoints?: readonly string[];
  readonly middlewares?: readonly string[];
  readonly priority?: number | string;
  readonly tls?: { readonly passthrough?: boolean | string };
}

export interface TcpService {
  readonly loadBalancer: { readonly servers: readonly { readonly address: string }[] };
}

export interface Router {
  readonly rule: string;
  readonly service: string;
  readonly entryPoints?: readonly string[];
  readonly middlewares?: readonly string[];
  readonly priority?: number | string;
  readonly tls?: object;
}

export interface Service {
  readonly loadBalancer?: {
    readonly servers?: readonly { readonly url?: string }[];
    readonly passHostHeader?: boolean | string;
    readonly healthCheck?: { readonly path?: string; readonly interval?: string; readonly timeout?: string };
  };
  readonly failover?: {
    readonly service: string;
    readonly fallback: string;
    readonly errors?: { readonly status?: readonly string[] };
  };
}

/** One kind, with its settings. */
export type Middleware = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Nothing at all. */
export const NOTHING: DynamicConfig = {
  routers: {},
  services: {},
  middlewares: {},
  tcp: { routers: {}, services: {} },
};

/** Qualifies every name and reference of one provider's configuration. */
export function qualified(config: DynamicConfig, provider: string): DynamicConfig {
  const name = (plain: string): string => (plain.includes("@") ? plain : `${plain}@${provider}`);
  const all = <T>(parts: Readonly<Record<string, T>>, map: (part: T) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(parts).map(([key, part]) => [name(key), map(part)]));
  return {
    routers: all(config.routers, (router) => ({
      ...router,
      service: name(router.service),
      middlewares: (router.middlewares ?? []).map(name),
    })),
    services: all(config.services, (service) =>
      service.failover
        ? {
            failover: {
              ...service.failover,
              service: name(service.failover.service),
              fallback: name(service.failover.fallback),
            },
          }
        : service,
    ),
    middlewares: all(config.middlewares, (middleware) => {
      const chain = middleware["chain"]?.["middlewares"] as readonly string[] | undefined;
      const page = middleware["errors"];
      if (page) return { errors: { ...page, service: name(String(page["service"])) } };
      return chain ? { chain: { middlewares: chain.map(name) } } : middleware;
    }),
    tcp: {
      routers: all(config.tcp.routers, (router) => ({ ...router, service: name(router.service) })),
      services: all(config.tcp.services, (service) => service),
    },
  };
}

/** Lays several providers' configurations side by side. */
export function merged(configs: Iterable<DynamicConfig>): DynamicConfig {
  const all = [...configs];
  return {
    routers: Object.assign({}, ...all.map(({ routers }) => routers)) as DynamicConfig["routers"],
    services: Object.assign({}, ...all.map(({ services }) => services)) as DynamicConfig["services"],
    middlewares: Object.assign(
      {},
      ...all.map(({ middlewares }) => middlewares),
    ) as DynamicConfig["middlewares"],
    tcp: {
      routers: Object.assign({}, ...all.map(({ tcp }) => tcp.routers)) as DynamicConfig["tcp"]["routers"],
      services: Object.assign({}, ...all.map(({ tcp }) => tcp.services)) as DynamicConfig["tcp"]["services"],
    },
  };
}
