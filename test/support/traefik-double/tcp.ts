import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { parseClientHello } from "../../../src/stream/client-hello.ts";
import type { DynamicConfig, TcpRouter } from "./dynamic-config.ts";
import type { Resolve } from "./names.ts";
import { selfSigned } from "./self-signed.ts";
import type { EntryPoint } from "./static-config.ts";

/** The TCP routes of one entry point, best first. */
export interface TcpRoutes {
  readonly plain: readonly TcpRoute[];
  readonly tls: readonly TcpRoute[];
}

interface TcpRoute {
  readonly takes: (serverName: string) => boolean;
  readonly address: string;
  readonly passthrough: boolean;
}

/** What became of a connection: taken, or to be read as HTTP, with or without TLS. */
export type Taken = "tcp" | "http" | "https";

/** What a PostgreSQL client sends before TLS, and what it waits for. */
const START_TLS = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const START_TLS_YES = Buffer.from("S");
/** After one side ended, the other may go on for this long. */
const TERMINATION_DELAY_MS = 100;

/** Builds the routes of an entry point. A router with a fault is left out, as in Traefik. */
export function tcpRoutes(
  { tcp }: DynamicConfig,
  { name, isDefault }: EntryPoint,
  log: (line: string) => void,
): TcpRoutes {
  const routes: TcpRoutes = { plain: [], tls: [] };
  const own = Object.entries(tcp.routers)
    .filter(([, router]) => router.entryPoints?.includes(name) ?? isDefault)
    .sort(([, a], [, b]) => priority(b) - priority(a));
  for (const [router, { rule, service, tls, middlewares = [] }] of own) {
    const [server] = tcp.services[service]?.loadBalancer.servers ?? [];
    const names = serverNames(rule);
    if (!server || !names || middlewares.length > 0 || (!tls && !names.includes("*"))) {
      log(`TCP router ${router}: ${rule} cannot lead to ${service}`);
      continue;
    }
    const takes = (serverName: string): boolean => names.some((one) => one === "*" || one === serverName);
    const passthrough = String(tls?.passthrough) === "true";
    (tls ? (routes.tls as TcpRoute[]) : (routes.plain as TcpRoute[])).push({
      takes,
      address: server.address,
      passthrough,
    });
  }
  return routes;
}

/**
 * Leads a new connection (`pkg/server/router/tcp`): at once where there is nothing to choose from, so that a
 * server may speak first; else by the first bytes, which stay to be read.
 */
export async function takeTcp(
  socket: Socket,
  { plain, tls }: TcpRoutes,
  hasHttps: boolean,
  resolve: Resolve,
): Promise<Taken> {
  const [first] = plain;
  if (first && tls.length === 0 && !hasHttps) {
    splice(socket, first.address, resolve);
    return "tcp";
  }
  if (!first && tls.length === 0) return hasHttps ? "https" : "http";
  const start = await peek(socket, (bytes) =>
    START_TLS.subarray(0, bytes.length).equals(bytes.subarray(0, 8)) ? bytes.length >= 8 : true,
  );
  const postgres = start.subarray(0, 8).equals(START_TLS);
  if (postgres) {
    socket.read(8);
    socket.write(START_TLS_YES);
  } else if (start[0] !== 0x16) {
    if (!first) return "http";
    splice(socket, first.address, resolve);
    return "tcp";
  }
  const bytes = await peek(socket, (held) => parseClientHello(held) !== undefined);
  const serverName = parseClientHello(bytes)?.serverName ?? "";
  const route = tls.find(({ takes }) => takes(serverName));
  if (!route) {
    if (!postgres && hasHttps) return "https";
    socket.destroy();
    return "tcp";
  }
  // With TLS passed through, Traefik itself asks PostgreSQL for TLS; nothing here needs that.
  const inner = route.passthrough ? socket : new TLSSocket(socket, { isServer: true, ...selfSigned() });
  splice(inner, route.address, resolve);
  return "tcp";
}

/** The bytes at the beginning, which stay where they are. Waits until there are enough. */
async function peek(socket: Socket, enough: (bytes: Buffer) => boolean): Promise<Buffer> {
  let held = Buffer.alloc(0);
  while (held.length === 0 || !enough(held)) {
    await once(socket, "readable");
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) throw new Error("gone before it said enough");
    held = Buffer.concat([held, chunk]);
  }
  socket.unshift(held);
  return held;
}

function splice(client: Socket, address: string, resolve: Resolve): void {
  dial(address, resolve)
    .then((backend) => {
      for (const [one, other] of [
        [client, backend],
        [backend, client],
      ] as const) {
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
        one.once("end", () => {
          setTimeout(() => other.destroy(), TERMINATION_DELAY_MS);
        });
      }
      return backend;
    })
    .catch(() => client.destroy());
}

async function dial(address: string, resolve: Resolve): Promise<Socket> {
  const colon = address.lastIndexOf(":");
  const to = await resolve(address.slice(0, colon), Number(address.slice(colon + 1)));
  return connect({ ...to, allowHalfOpen: true });
}

/** The names of a rule that has nothing else; undefined for other rules. */
function serverNames(rule: string): readonly string[] | undefined {
  const parts = rule.split("||").map((part) => /^\s*HostSNI\(`([^`]+)`\)\s*$/.exec(part)?.[1]);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** 0 and nothing: the rule's length; a rule for everything comes last. */
function priority({ rule, priority: given = 0 }: TcpRouter): number {
  return Number(given) || (rule === "HostSNI(`*`)" ? -1 : Buffer.byteLength(rule));
}
