import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** One request on its way through the handlers. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** With `Upgrade`: the raw connection. */
  readonly upgrade?: { readonly socket: Socket; readonly head: Buffer };
  readonly tls: boolean;
  readonly headers: IncomingHttpHeaders;
  /** Path and query; middlewares may change it. */
  readonly url: string;
  /** What stands in the place of the server's own status. */
  readonly status?: number;
}

/** `done`: answered. Otherwise the status that is to be answered; `unsent`: nothing reached a server. */
export type Outcome =
  | "done"
  | {
      readonly status: number;
      readonly unsent: boolean;
      /** With more than a status: what a middleware answered. */
      readonly answer?: { readonly headers: IncomingHttpHeaders; readonly body: Buffer };
    };
/** A service, or a middleware around one. */
export type Handler = (exchange: Exchange) => Promise<Outcome>;

/** An answer without a server. */
export function status(code: number): Outcome {
  return { status: code, unsent: false };
}

const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
];

/** Without what belongs to one connection alone, and what `Connection` names. */
export function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name)),
  );
}
