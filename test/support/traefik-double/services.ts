import { request } from "node:http";
import type { DynamicConfig } from "./dynamic-config.ts";
import { status, type Handler } from "./exchange.ts";
import type { Resolve } from "./names.ts";
import { proxyTo } from "./reverse-proxy.ts";

/** Services of one configuration; what checks of health it started ends with it. */
export interface ServiceBuild {
  readonly config: DynamicConfig;
  readonly resolve: Resolve;
  readonly ping: boolean;
  readonly owns: Disposable[];
}

/** Builds one service. Undefined: there is none of this name. */
export function buildService(build: ServiceBuild, name: string): Handler | undefined {
  if (name === "ping@internal" && build.ping) {
    return ({ res }) => {
      res.writeHead(200).end("OK");
      return Promise.resolve("done");
    };
  }
  const service = build.config.services[name];
  if (service?.failover) return buildFailover(build, service.failover);
  const balancer = service?.loadBalancer;
  if (!balancer) return undefined;
  const [server] = balancer.servers ?? [];
  if (!server) return () => Promise.resolve(status(503));
  const passHost = String(balancer.passHostHeader ?? true) === "true";
  return (exchange) => proxyTo(exchange, server.url ?? "", passHost, build.resolve);
}

/** Its main service as long as that is well, else the other one. */
function buildFailover(
  build: ServiceBuild,
  { service, fallback, errors }: NonNullable<DynamicConfig["services"][string]["failover"]>,
): Handler | undefined {
  const [main, other] = [buildService(build, service), buildService(build, fallback)];
  if (!main || !other) return undefined;
  const health = follow(build, service);
  const bad = (errors?.status ?? []).map(Number);
  return async (exchange) => {
    if (!health.up) return await other(exchange);
    const outcome = await main(exchange);
    return outcome !== "done" && bad.includes(outcome.status) ? await other(exchange) : outcome;
  };
}

/** Asks the server again and again; up until it says otherwise. */
function follow({ config, resolve, owns }: ServiceBuild, name: string): { up: boolean } {
  const balancer = config.services[name]?.loadBalancer;
  const health = { up: true };
  const check = balancer?.healthCheck;
  const base = balancer?.servers?.[0]?.url;
  if (!check || base === undefined) return health;
  const ask = async (): Promise<void> => {
    const url = new URL(check.path ?? "/", base);
    try {
      const to = await resolve(url.hostname, Number(url.port || 80));
      health.up = await new Promise<boolean>((done) => {
        const call = request({ ...to, path: url.pathname, agent: false, timeout: 2000 }, (response) => {
          response.resume();
          done((response.statusCode ?? 500) < 400);
        });
        call.on("timeout", () => call.destroy());
        call.on("error", () => done(false));
        call.end();
      });
    } catch {
      health.up = false;
    }
  };
  const timer = setInterval(() => void ask(), 1000);
  owns.push({ [Symbol.dispose]: () => clearInterval(timer) });
  return health;
}
