import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { endToEnd, status, type Exchange, type Handler } from "./exchange.ts";
import type { Resolve } from "./names.ts";

/** Everything together, the body of the answer included. */
const LIMIT_MS = 30_000;

/** Settings of the middleware; names in lower case. */
export interface ForwardAuthSettings {
  readonly address: string;
  readonly authRequestHeaders: readonly string[];
  readonly authResponseHeaders: readonly string[];
}

/**
 * Asks with GET and without the body; reads the whole answer before anything else happens; 2xx goes on, any
 * other answer is the client's. No answer is a 500.
 */
export function forwardAuth(settings: ForwardAuthSettings, next: Handler, resolve: Resolve): Handler {
  return async (exchange) => {
    const answer = await ask(settings, exchange, resolve);
    if (!answer) return status(500);
    const { response, body } = answer;
    const code = response.statusCode ?? 500;
    if (code >= 200 && code < 300) {
      const headers: IncomingHttpHeaders = { ...exchange.headers };
      for (const name of settings.authResponseHeaders.map((header) => header.toLowerCase())) {
        delete headers[name];
        const value = response.headers[name];
        if (value !== undefined) headers[name] = value;
      }
      return await next({ ...exchange, headers });
    }
    const headers = { ...endToEnd(response.headers) };
    // A relative address is made one of the asked server.
    if (headers.location !== undefined) headers.location = new URL(headers.location, settings.address).href;
    return { status: code, unsent: false, answer: { headers, body } };
  };
}

async function ask(
  { address, authRequestHeaders }: ForwardAuthSettings,
  { req, headers, url, tls }: Exchange,
  resolve: Resolve,
): Promise<{ response: IncomingMessage; body: Buffer } | undefined> {
  const to = new URL(address);
  const wanted = authRequestHeaders.map((name) => name.toLowerCase());
  const sent = Object.fromEntries(
    Object.entries(endToEnd(headers)).filter(
      ([name]) =>
        !name.startsWith("x-forwarded-") &&
        name !== "x-real-ip" &&
        name !== "content-length" &&
        name !== "host" &&
        (wanted.length === 0 || wanted.includes(name)),
    ),
  );
  try {
    const { host, port } = await resolve(to.hostname, Number(to.port || 80));
    return await new Promise((done, fail) => {
      const call = request(
        {
          host,
          port,
          path: to.pathname + to.search,
          agent: false,
          headers: {
            ...sent,
            host: to.host,
            "x-forwarded-method": req.method,
            "x-forwarded-proto": tls ? "https" : "http",
            "x-forwarded-host": headers.host,
            "x-forwarded-uri": url,
            "x-forwarded-for": req.socket.remoteAddress?.replace("::ffff:", ""),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", fail);
          response.on("end", () => done({ response, body: Buffer.concat(chunks) }));
        },
      );
      const timer = setTimeout(() => call.destroy(new Error("context deadline exceeded")), LIMIT_MS);
      call.on("close", () => clearTimeout(timer));
      call.on("error", fail);
      req.socket.once("close", () => call.destroy());
      call.end();
    });
  } catch {
    return undefined;
  }
}
