import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "../config/model/stream.ts";
import { WakegateError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { silentLog, type Log } from "../lib/log.ts";
import { clientErrorHandler } from "./client-error.ts";
import { lacksHost, LeanRequest } from "./lean-request.ts";

/** An open HTTP server. Disposing ends it: idle connections at once, busy ones after a grace. */
export interface Listener extends AsyncDisposable {
  /** Where it listens; with port 0 asked for, the one it was given. */
  readonly address: ListenAddress;
}

/** How a listener is opened. */
export interface ListenerOptions {
  readonly address: ListenAddress;
  /** Key of the configuration that says where, for error messages. */
  readonly setting: "listen" | "public_listen";
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
  readonly clock: Clock;
  /** Gets requests that cannot be read, once an hour for each fault. Default: not logged. */
  readonly log?: Log;
  /** How long answers under way may take after the end was asked for. Default: 5 s. */
  readonly graceMs?: number;
  /** How long a client may take for the headers of a request. Default: 30 s. */
  readonly headersTimeoutMs?: number;
}

/** Cookies of single sign-on alone reach 20 KB; Go's proxies let 1 MiB through. */
const MAX_HEADER_BYTES = 256 * 1024;
/** Above the idle time of every proxy's pool: Traefik 90 s, Caddy 120 s. */
const KEEP_ALIVE_MS = 130_000;
/** From a connection's or a request's first moment to the end of its headers: who takes longer only holds a place. */
const HEADERS_TIMEOUT_MS = 30_000;
/** How often slow connections are looked for, at least. */
const LOOK_EVERY_MS = 5_000;
/** For a whole request with its body; nginx sends bodies of any size along with `error_page`. */
const REQUEST_TIMEOUT_MS = 300_000;
const GRACE_MS = 5000;

/**
 * Opens a server fit to stand behind proxies: a handshake that Caddy forwards with `Upgrade` is a plain
 * request here (there is no `upgrade` listener), and `Expect: 100-continue` is answered with the final
 * status alone, because a 100 would make the client send its body to nobody.
 *
 * @throws WakegateError `listen_failed` that says what to do.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { address, setting, handle, clock, log = silentLog, graceMs = GRACE_MS } = options;
  const { headersTimeoutMs: headersTimeout = HEADERS_TIMEOUT_MS } = options;
  const take = (req: LeanRequest, res: ServerResponse): void => {
    req.handed = true;
    if (lacksHost(req)) res.writeHead(400, { Connection: "close", "Content-Length": 0 }).end();
    else handle(req, res);
  };
  const server = createServer(
    {
      IncomingMessage: LeanRequest,
      // node would make all headers to look for it; `take` looks itself.
      requireHostHeader: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout,
      connectionsCheckingInterval: Math.min(headersTimeout, LOOK_EVERY_MS),
      requestTimeout: REQUEST_TIMEOUT_MS,
    },
    take,
  );
  server.on("checkContinue", take);
  server.on("checkExpectation", take);
  server.on("clientError", clientErrorHandler(setting, clock, log));
  await listen(server, address, setting);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: address.host, port },
    [Symbol.asyncDispose]: () => close(server, clock, graceMs),
  };
}

function listen(server: Server, { host, port }: ListenAddress, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(new WakegateError("listen_failed", failure(error, host, port, setting), { cause: error }));
    };
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.removeListener("error", onError);
      resolve();
    });
  });
}

function failure(error: NodeJS.ErrnoException, host: string, port: number, setting: string): string {
  const where = `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
  switch (error.code) {
    case "EADDRINUSE":
      return `Cannot listen on ${where}: another program does already. Stop it, or set ${setting} to a free port.`;
    case "EACCES":
      return `Cannot listen on ${where}: not permitted. Set ${setting} to a port from 1024 on, or allow low ports to Wakegate.`;
    case "EADDRNOTAVAIL":
      return `Cannot listen on ${where}: this machine does not have that address. Set ${setting} to one it has, or to 0.0.0.0.`;
    default:
      return `Cannot listen on ${where}: ${error.message}. See ${setting}.`;
  }
}

/** Ends keep-alive, then waits for the answers under way, then cuts what is left. */
function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(graceMs, () => server.closeAllConnections());
    server.close(() => {
      timer[Symbol.dispose]();
      resolve();
    });
    server.closeIdleConnections();
  });
}
