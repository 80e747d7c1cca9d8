import { once } from "node:events";
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from "node:http";
import type { ListenAddress } from "../../config/model/stream.ts";
import { listenLocal } from "./listen-local.ts";

/** Where the gateway leads. */
export interface GatewayOptions {
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Wakegate's internal listener. */
  readonly internal: ListenAddress;
  /** Wakegate's public listener. */
  readonly public: ListenAddress;
  readonly app: ListenAddress;
  /** Answers paths of the demo's own, ahead of everything else. True: answered. */
  readonly own: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** A request was let through to the app. */
  readonly onPass: () => void;
}

/** The gateway while it runs. */
export interface Gateway extends AsyncDisposable {
  readonly port: number;
}

/**
 * A reverse proxy of the smallest kind, in the place of Caddy, nginx or Traefik: it asks Wakegate before each
 * request, keeps the visitor's body until the answer is there, and copies every answer but 2xx.
 *
 * @throws WakegateError `listen_failed`.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const server = createServer((incoming, response) => {
    if (options.own(incoming, response)) return;
    if (incoming.url?.startsWith("/.wakegate/")) relay(incoming, response, options.public);
    else ask(incoming, response, options);
  });
  const listening = await listenLocal(server, options.port);
  return {
    port: listening,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Hop-by-hop headers (RFC 9110 section 7.6.1) and those of a body that is not sent along. */
const NOT_FOR_AUTH = [
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
];

/** "May it pass?" A GET without the body, as forward-auth has it. */
function ask(incoming: IncomingMessage, response: ServerResponse, options: GatewayOptions): void {
  const headers = { ...incoming.headers };
  for (const name of NOT_FOR_AUTH) delete headers[name];
  const { host, port } = options.internal;
  const asked = request({
    host,
    port,
    path: "/api/authz/forward-auth",
    headers: {
      ...headers,
      host: `${host}:${String(port)}`,
      "x-forwarded-method": incoming.method ?? "GET",
      "x-forwarded-proto": "http",
      "x-forwarded-host": incoming.headers.host ?? "",
      "x-forwarded-uri": incoming.url ?? "/",
      "x-forwarded-for": incoming.socket.remoteAddress ?? "127.0.0.1",
    },
  });
  asked.on("response", (answer) => {
    const status = answer.statusCode ?? 502;
    if (status >= 200 && status < 300) {
      answer.resume();
      options.onPass();
      relay(incoming, response, options.app);
    } else copy(answer, response);
  });
  tie(asked, response);
  asked.end();
}

/** Passes the request on whole, and the answer back as it comes. */
function relay(incoming: IncomingMessage, response: ServerResponse, to: ListenAddress): void {
  // No pool: a connection kept open to the app would look like use.
  const options: RequestOptions = { host: to.host, port: to.port, path: incoming.url ?? "/", agent: false };
  if (incoming.method !== undefined) options.method = incoming.method;
  options.headers = {
    ...incoming.headers,
    "x-forwarded-proto": "http",
    "x-forwarded-host": incoming.headers.host ?? "",
    "x-forwarded-for": incoming.socket.remoteAddress ?? "127.0.0.1",
  };
  const relayed = request(options);
  relayed.on("response", (answer) => copy(answer, response));
  tie(relayed, response);
  incoming.pipe(relayed);
}

function copy(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.flushHeaders();
  answer.pipe(response);
  answer.on("error", () => response.destroy());
}

/** A visitor who leaves takes the upstream request along; an upstream that fails is a 502. */
function tie(upstream: ReturnType<typeof request>, response: ServerResponse): void {
  const leave = (): void => void upstream.destroy();
  response.on("close", leave);
  upstream.on("close", () => response.removeListener("close", leave));
  upstream.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { "content-type": "text/plain" }).end("The gateway reached nobody.\n");
  });
}
