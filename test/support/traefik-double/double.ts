import { once } from "node:events";
import { createServer as createHttp, ServerResponse, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { FrontTraefik, TraefikOptions } from "../traefik.ts";
import { followDocker } from "./docker-provider.ts";
import { merged, NOTHING, qualified, type DynamicConfig } from "./dynamic-config.ts";
import type { Exchange } from "./exchange.ts";
import { followHttp } from "./http-provider.ts";
import { resolver } from "./names.ts";
import { buildTree, type Tree } from "./routes.ts";
import { selfSigned } from "./self-signed.ts";
import { readFlags, type EntryPoint } from "./static-config.ts";

/**
 * A stand-in for Traefik that does what its documentation and source say of wakes: providers, priorities,
 * ForwardAuth, snapshots of handlers. Where it differs from the real one it is wrong. Runs in the tests' own
 * process, on the gateway of the network; looks names up as a container there would.
 */
export async function startTraefikDouble(options: TraefikOptions): Promise<FrontTraefik> {
  const config = readFlags(options.flags);
  const address = Object.values(options.hosts)[0] ?? "127.0.0.1";
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const loopback = new Map<number, number>();
  const resolve = resolver(options.docker, options.network, options.hosts, loopback);
  const servers = new Set<Server>();
  const sockets = new Set<Socket>();
  let tree: Tree | undefined;
  let providers: Disposable[] = [];

  const swap = (known: ReadonlyMap<string, DynamicConfig>): void => {
    const before = tree;
    tree = buildTree(merged(known.values()), config.entryPoints, { resolve, ping: config.ping }, log);
    before?.[Symbol.dispose]();
  };

  const open = async (entryPoint: EntryPoint): Promise<void> => {
    const tls = entryPoint.port === 443;
    const server = tls ? createHttps(selfSigned()) : createHttp();
    servers.add(server);
    const answer = (exchange: Exchange): void => {
      handle(tree, entryPoint, exchange).catch((error: unknown) => {
        log(`request: ${String(error)}`);
        exchange.res.destroy();
      });
    };
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    server.on("request", (req: IncomingMessage, res: ServerResponse) =>
      answer(exchangeOf(entryPoint, tls, req, res)),
    );
    server.on("upgrade", (req: IncomingMessage, socket: Socket, head: Buffer) => {
      const res = new ServerResponse(req);
      res.assignSocket(socket);
      res.on("finish", () => socket.end());
      answer({ ...exchangeOf(entryPoint, tls, req, res), upgrade: { socket, head } });
    });
    const inside = entryPoint.host === "127.0.0.1";
    server.listen(inside ? 0 : entryPoint.port, inside ? "127.0.0.1" : address);
    await once(server, "listening");
    if (inside) loopback.set(entryPoint.port, (server.address() as AddressInfo).port);
  };

  const start = async (): Promise<void> => {
    const known = new Map<string, DynamicConfig>();
    const tell = (provider: string) => (told: DynamicConfig) => {
      known.set(provider, qualified({ ...NOTHING, ...told }, provider));
      swap(known);
    };
    swap(known);
    for (const entryPoint of config.entryPoints) await open(entryPoint);
    if (config.docker) {
      const { exposedByDefault } = config.docker;
      providers.push(followDocker(options.docker, options.network, exposedByDefault, tell("docker")));
    }
    if (config.http) providers.push(followHttp(config.http, resolve, tell("http"), log));
  };

  const stop = async (): Promise<void> => {
    for (const provider of providers) provider[Symbol.dispose]();
    providers = [];
    tree?.[Symbol.dispose]();
    for (const socket of sockets) socket.destroy();
    for (const server of servers) {
      server.close();
      await once(server, "close");
    }
    servers.clear();
  };

  await start();
  return {
    address,
    async restart() {
      await stop();
      await start();
    },
    output: () => Promise.resolve(lines.join("\n")),
    [Symbol.asyncDispose]: stop,
  };
}

/** As the entry point hands it on: no forwarded headers but its own, unless the peer is trusted. */
function exchangeOf(
  entryPoint: EntryPoint,
  tls: boolean,
  req: IncomingMessage,
  res: ServerResponse,
): Exchange {
  const peer = req.socket.remoteAddress?.replace("::ffff:", "") ?? "";
  const trusted = entryPoint.trusted.includes(peer);
  const kept = Object.entries(req.headers).filter(
    ([name]) => trusted || !/^x-(forwarded-|real-ip)/.test(name),
  );
  const before = trusted ? req.headers["x-forwarded-for"] : undefined;
  const headers = {
    "x-real-ip": peer,
    "x-forwarded-host": req.headers.host,
    "x-forwarded-proto": tls ? "https" : "http",
    "x-forwarded-port": String(entryPoint.port),
    ...Object.fromEntries(kept),
    "x-forwarded-for": before === undefined ? peer : `${String(before)}, ${peer}`,
  };
  return { req, res, tls, headers, url: req.url ?? "/" };
}

/** The tree is taken once: what is swapped in meanwhile is for the requests that come later. */
async function handle(tree: Tree | undefined, { name }: EntryPoint, exchange: Exchange): Promise<void> {
  const { req, res, url, tls, headers } = exchange;
  const subject = {
    host: (headers.host ?? "").toLowerCase().replace(/:\d+$/, ""),
    path: url.replace(/\?.*$/, ""),
    method: req.method ?? "GET",
  };
  const route = tree?.byEntryPoint.get(name)?.find((one) => one.tls === tls && one.matches(subject));
  const outcome = route ? await route.handler(exchange) : { status: 404 };
  if (outcome === "done" || res.headersSent || res.destroyed) return;
  res.writeHead(outcome.status, { "content-type": "text/plain" }).end(`${String(outcome.status)}\n`);
}
