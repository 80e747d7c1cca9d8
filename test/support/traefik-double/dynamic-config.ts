/** Routers, services and middlewares by their qualified names (`blog@docker`). */
export interface DynamicConfig {
  readonly routers: Readonly<Record<string, Router>>;
  readonly services: Readonly<Record<string, Service>>;
  readonly middlewares: Readonly<Record<string, Middleware>>;
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
export const NOTHING: DynamicConfig = { routers: {}, services: {}, middlewares: {} };

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
      return chain ? { chain: { middlewares: chain.map(name) } } : middleware;
    }),
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
  };
}
