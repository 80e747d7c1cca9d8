import { EventEmitter } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** What a visitor asks for. */
export type VisitKind = "api" | "navigation" | "post" | "websocket";

/** One request that a proxy asks Wakegate about, from its arrival to its answer. */
export interface Visit {
  readonly number: number;
  readonly target: string;
  readonly kind: VisitKind;
  readonly client: string;
  /** Monotonic ms. */
  readonly at: number;
  /** The state of its target when it came. */
  readonly metState: string;
  status: number | undefined;
  headers: OutgoingHttpHeaders;
  /** The client left, or Wakegate died, before there was an answer. */
  gone: boolean;
}

const HEADERS: Readonly<Record<VisitKind, readonly string[]>> = {
  api: ["Accept", "application/json"],
  navigation: ["Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"],
  post: ["Accept", "application/json"],
  websocket: ["Upgrade", "websocket", "Sec-WebSocket-Version", "13"],
};

/** The request as node:http shows it to a handler; only what the handlers of verdicts read. */
export function requestOf(host: string, path: string, kind: VisitKind, client: string): IncomingMessage {
  const forwarded = {
    Method: kind === "post" ? "POST" : "GET",
    Host: host,
    Uri: path,
    Proto: "https",
    For: client,
  };
  const rawHeaders = Object.entries(forwarded).flatMap(([name, value]) => [`X-Forwarded-${name}`, value]);
  rawHeaders.push("User-Agent", `visitor of ${client}`, ...HEADERS[kind]);
  return {
    url: "/api/authz/forward-auth",
    method: "GET",
    rawHeaders,
    headers: {},
    socket: { remoteAddress: "127.0.0.1" },
  } as unknown as IncomingMessage;
}

/** The answer as a handler writes it. */
export class VisitResponse extends EventEmitter {
  readonly req = { headers: {} };
  readonly #onEnd: (status: number, headers: OutgoingHttpHeaders) => void;
  #headers: OutgoingHttpHeaders = {};
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  closed = false;

  constructor(onEnd: (status: number, headers: OutgoingHttpHeaders) => void) {
    super();
    this.#onEnd = onEnd;
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): this {
    this.statusCode = status;
    this.#headers = headers;
    this.headersSent = true;
    return this;
  }

  end(): this {
    if (this.closed) return this;
    this.headersSent = true;
    this.closed = true;
    this.#onEnd(this.statusCode, this.#headers);
    return this;
  }

  /** The client is gone. */
  destroy(): this {
    if (this.closed) return this;
    this.destroyed = true;
    this.closed = true;
    this.emit("close");
    return this;
  }

  get asResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}
