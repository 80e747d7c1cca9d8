import { once } from "node:events";
import { createServer as createHttp, ServerResponse, type IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createDoor, type AddressInfo, type Server, type Socket } from "node:net";
import type { FrontTraefik, TraefikOptions } from "../traefik.ts";
import { followDocker } from "./docker-provider.ts";
import { merged, NOTHING, qualified, type DynamicConfig } from "./dynamic-config.ts";
import { status, type Exchange } from "./exchange.ts";
import { followHttp } from "./http-provider.ts";
import { resolver } from "./names.ts";
import { buildTree, type Tree } from "./routes.ts";
import { selfSigned } from "./self-signed.ts";
import { readFlags, type EntryPoint, type Major } from "./static-config.ts";
import { takeTcp } from "./tcp.ts";

/**
 * A stand-in for Traefik that does what its documentation and source say of wakes: providers, priorities,
 * ForwardAuth, snapshots of handlers. Where it differs from the real one it is wrong. Runs in the tests' own
 * process, on the gateway of the network; looks names up as a container there would.
 */
export async function startTraefikDouble(
  options: TraefikOptions & { readonly major?: Major },
): Promise<FrontTraefik> {
  const { major = 3 } = options;
  const config = readFlags(options.flags, major);
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
    const more = { resolve, ping: config.ping, major };
    tree = buildTree(merged(known.values()), config.entryPoints, more, log);
    before?.[Symbol.dispose]();
  };

  const open = async (entryPoint: EntryPoint): Promise<void> => {
    const tls = entryPoint.port === 443;
    const server = tls ? createHttps(selfSigned()) : createHttp();
    const door = createDoor({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      const routes = tree?.tcp.get(entryPoint.name) ?? { plain: [], tls: [] };
      takeTcp(socket, routes, tls, resolve).then(
        (taken) => taken !== "tcp" && server.emit("connection", socket),
        () => socket.destroy(),
      );
    });
    servers.add(door);
    const answer = (exchange: Exchange): void => {
      handle(tree, entryPoint, exchange).catch((error: unknown) => {
        log(`request: ${String(error)}`);
        exchange.res.destroy();
      });
    };
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
    door.listen(inside ? 0 : entryPoint.port, inside ? "127.0.0.1" : address);
    await once(door, "listening");
    if (inside) loopback.set(entryPoint.port, (door.address() as AddressInfo).port);
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
      const follow = { ...options, exposedByDefault, major };
      providers.push(followDocker(follow, tell("docker")));
    }
    if (config.http) providers.push(followHttp({ ...config.http, major }, resolve, tell("http"), log));
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
    headers: req.headers,
  };
  const route = tree?.byEntryPoint.get(name)?.find((one) => one.tls === tls && one.matches(subject));
  const outcome = route ? await route.handler(exchange) : status(404);
  if (outcome === "done" || res.headersSent || res.destroyed) return;
  const { answer } = outcome;
  if (answer)
    res
      .writeHead(outcome.status, { ...answer.headers, "content-length": answer.body.length })
      .end(answer.body);
  else res.writeHead(outcome.status, { "content-type": "text/plain" }).end(`${String(outcome.status)}\n`);
}
