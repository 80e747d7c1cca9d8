import type { DynamicConfig, Router } from "./dynamic-config.ts";
import type { Handler } from "./exchange.ts";
import { wrap } from "./middlewares.ts";
import { readRule, type Matcher } from "./rule.ts";
import { buildService, type ServiceBuild } from "./services.ts";
import type { EntryPoint, Major } from "./static-config.ts";
import { tcpRoutes, type TcpRoutes } from "./tcp.ts";

/** The routes of one entry point, best first. */
export type Routes = readonly {
  readonly name: string;
  readonly matches: Matcher;
  readonly tls: boolean;
  readonly handler: Handler;
}[];

/** A whole tree of handlers. A request keeps the one that it came in with. */
export interface Tree extends Disposable {
  readonly byEntryPoint: ReadonlyMap<string, Routes>;
  readonly tcp: ReadonlyMap<string, TcpRoutes>;
}

/** Builds all handlers anew. A router with a fault is left out, as in Traefik. */
export function buildTree(
  config: DynamicConfig,
  entryPoints: readonly EntryPoint[],
  more: Pick<ServiceBuild, "resolve" | "ping"> & { readonly major: Major },
  log: (line: string) => void,
): Tree {
  const owns: Disposable[] = [];
  const services = new Map<string, Handler | undefined>();
  const build: ServiceBuild = { config, owns, ...more };
  const service = (name: string): Handler | undefined => {
    if (!services.has(name)) services.set(name, buildService(build, name));
    return services.get(name);
  };
  const byEntryPoint = new Map<string, Routes>();
  for (const { name: entryPoint, isDefault } of entryPoints) {
    const routes = Object.entries(config.routers)
      .filter(([, router]) => router.entryPoints?.includes(entryPoint) ?? isDefault)
      .sort(([a, first], [b, second]) => byPriority(first, second) || byProvider(a, b))
      .flatMap(([name, router]): Routes => {
        try {
          const inner = service(router.service);
          const handler =
            inner && wrap({ config, service, resolve: more.resolve }, router.middlewares ?? [], inner);
          if (!handler)
            throw new Error(`${router.service} or one of ${String(router.middlewares)} does not exist`);
          return [
            { name, matches: readRule(router.rule, more.major), tls: router.tls !== undefined, handler },
          ];
        } catch (error) {
          log(`router ${name}: ${String(error)}`);
          return [];
        }
      });
    byEntryPoint.set(entryPoint, routes);
  }
  const tcp = new Map(entryPoints.map((one) => [one.name, tcpRoutes(config, one, log)] as const));
  return {
    byEntryPoint,
    tcp,
    [Symbol.dispose]() {
      for (const own of owns) own[Symbol.dispose]();
    },
  };
}

/** 0 and nothing: the rule's length. */
function byPriority(a: Router, b: Router): number {
  const of = ({ priority, rule }: Router): number => Number(priority ?? 0) || Buffer.byteLength(rule);
  return of(b) - of(a);
}

/** Docker's before the HTTP provider's. */
function byProvider(a: string, b: string): number {
  return Number(b.endsWith("@docker")) - Number(a.endsWith("@docker"));
}
