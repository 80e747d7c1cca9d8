import type { SoakApp } from "./app.ts";
import { between, pick } from "./dice.ts";
import { Pool, type Reply } from "./call.ts";

/** Headers of a browser that opens a page. */
export const NAVIGATION = {
  accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

const CLIENTS = Array.from({ length: 2_000 }, (_, n) => `203.0.${String(n >> 8)}.${String(n & 255)}`);

/** The proxy's side of Wakegate. */
export class Gate implements Disposable {
  readonly pool = new Pool();
  readonly internal: string;
  readonly public: string;
  /** The header of an admin for the API. */
  readonly asAdmin: { readonly authorization: string };

  constructor(wakegate: Pick<Gate, "internal" | "public" | "asAdmin">) {
    this.internal = wakegate.internal;
    this.public = wakegate.public;
    this.asAdmin = wakegate.asAdmin;
  }

  /** What Traefik asks for one request of a visitor. */
  verdict(
    host: string,
    asked: {
      uri?: string;
      method?: string;
      headers?: Readonly<Record<string, string>>;
      signal?: AbortSignal;
    } = {},
  ): Promise<Reply> {
    return this.pool.ask(this.internal, "/api/authz/forward-auth", {
      headers: {
        "x-forwarded-method": asked.method ?? "GET",
        "x-forwarded-host": host,
        "x-forwarded-uri": asked.uri ?? `/item/${String(Math.floor(between(0, 1e6)))}`,
        "x-forwarded-proto": "https",
        "x-forwarded-for": pick(CLIENTS),
        ...asked.headers,
      },
      ...(asked.signal && { signal: asked.signal }),
    });
  }

  /** What nginx asks. */
  permit(host: string): Promise<Reply> {
    return this.pool.ask(this.internal, "/api/authz/auth-request", {
      headers: {
        "x-original-method": "GET",
        "x-original-url": `https://${host}/api/${String(Math.floor(between(0, 1e6)))}`,
        "x-forwarded-for": pick(CLIENTS),
      },
    });
  }

  [Symbol.dispose](): void {
    this.pool[Symbol.dispose]();
  }
}

/** What is wrong with an answer; `late`: that it was not yet what it should be. */
export interface Wrong {
  readonly why: string;
  readonly late?: true;
}

/** Why this answer to a request that was asked at `began` should not have been; undefined when it may be. */
export function wrongWith(app: SoakApp, reply: Reply, began: number, isCalm: boolean): Wrong | undefined {
  const { status, headers } = reply;
  const state = String(headers["x-wakegate"]);
  if (status === 200 || status === 204) {
    // The engine's word about a stop takes a moment.
    return app.wasUpSince(began - 2_000)
      ? undefined
      : { why: `${app.name} let through while it was down`, late: true };
  }
  const said = `${app.name} answered ${String(status)}`;
  if (status !== 503 && status !== 401) return { why: `${said}: ${reply.body.slice(0, 100)}` };
  // To nginx a 401 says no more than "not now".
  if (status === 503 && headers["x-wakegate"] === undefined) return { why: `${said} without a state` };
  return isCalm
    ? { why: `${app.name} held in vain (${state}): ${reply.body.slice(0, 200)}`, late: true }
    : undefined;
}
