import { request, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import type { Router } from "@koa/router";
import {
  createForwardAuth,
  type ForwardAuth,
  type ForwardAuthSettings,
} from "../../src/forward-auth/forward-auth.ts";
import { createPageRenderer, type PageRenderer } from "../../src/forward-auth/page/render.ts";
import { createInternalApp } from "../../src/http/internal-app.ts";
import { openListener, type Listener } from "../../src/http/listener.ts";
import { createPublicApp } from "../../src/http/public-app.ts";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import { AsyncStack } from "../../src/lib/disposables.ts";
import type { Log } from "../../src/lib/log.ts";
import type { FakeDirectory } from "../support/fake-target.ts";

/** Both listeners on loopback before a fake directory. */
export interface Rig extends AsyncDisposable {
  readonly internal: Listener;
  readonly public: Listener;
  readonly forwardAuth: ForwardAuth;
  readonly logged: readonly string[];
  /** Asks as Traefik and Caddy do. */
  ask(asked?: Asked): Promise<Reply>;
  /** Asks as nginx does: the permission first, after a 401 for the answer. */
  askNginx(asked?: Asked): Promise<Reply>;
}

/** The request that waits in the proxy. */
export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly uri?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Path of the authz endpoint. */
  readonly at?: string;
  readonly signal?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RigOptions {
  readonly settings?: Partial<ForwardAuthSettings>;
  readonly clock?: Clock;
  readonly renderer?: PageRenderer;
  readonly routes?: (router: Router) => void;
}

export const NAVIGATION = {
  accept: "text/html,*/*;q=0.8",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};

const LOOPBACK = { host: "127.0.0.1", port: 0 };

export async function startRig(directory: FakeDirectory, options: RigOptions = {}): Promise<Rig> {
  const { clock = systemClock } = options;
  const stack = new AsyncStack();
  const logged: string[] = [];
  const note = (event: string, message: string): void => void logged.push(`${event}: ${message}`);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const forwardAuth = createForwardAuth({
    settings: {
      trustedProxies: ["127.0.0.0/8", "::1/128"],
      unknownHosts: "allow",
      limits: { holdsPerTarget: 2000, holds: 10_000, streams: 100 },
      wakeRate: {},
      ...options.settings,
    },
    directory,
    clock,
    key: new Uint8Array(32).fill(7),
    renderer: options.renderer ?? createPageRenderer(),
    log,
  });
  const internal = stack.use(
    await openListener({
      address: LOOPBACK,
      setting: "listen",
      handle: createInternalApp({
        forwardAuth,
        directory,
        log,
        ...(options.routes && { routes: options.routes }),
      }),
      clock: systemClock,
      log,
      graceMs: 500,
    }),
  );
  const visitors = stack.use(
    await openListener({
      address: LOOPBACK,
      setting: "public_listen",
      handle: createPublicApp({ forwardAuth, log }),
      clock: systemClock,
      log,
      graceMs: 500,
    }),
  );
  stack.use(forwardAuth);
  const nginx = (asked: Asked, path: string): Promise<Reply> =>
    fetchRaw(internal, path, {
      ...(path.includes("/page") && asked.method !== undefined && { method: asked.method }),
      headers: {
        "x-original-method": asked.method ?? "GET",
        "x-original-url": `https://${asked.host ?? "blog.example.com"}${asked.uri ?? "/"}`,
        ...asked.headers,
      },
      ...(asked.signal && { signal: asked.signal }),
    });
  return {
    internal,
    public: visitors,
    forwardAuth,
    logged,
    ask: (asked = {}) =>
      fetchRaw(internal, asked.at ?? "/api/authz/forward-auth", {
        headers: {
          "x-forwarded-method": asked.method ?? "GET",
          "x-forwarded-host": asked.host ?? "blog.example.com",
          "x-forwarded-uri": asked.uri ?? "/",
          "x-forwarded-proto": "https",
          ...asked.headers,
        },
        ...(asked.signal && { signal: asked.signal }),
      }),
    askNginx: async (asked = {}) => {
      const permit = await nginx(asked, asked.at ?? "/api/authz/auth-request");
      return permit.status === 401 ? nginx(asked, "/api/authz/page") : permit;
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** One request on a connection of its own. */
export function fetchRaw(listener: Listener, path: string, options: RawRequest = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body, signal } = options;
    const { host, port } = listener.address;
    const req = request(
      { host, port, path, method, headers, agent: false, ...(signal && { signal }) },
      (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", reject);
        res.on("end", () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    req.on("error", reject);
    req.end(body);
  });
}

/** Writes text on a socket and returns all that comes back until the other side, or `until`, ends it. */
export function talk(listener: Listener, text: string, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const { host, port } = listener.address;
    const socket = connect(port, host, () => socket.write(text));
    let heard = "";
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (until?.test(heard) === true) socket.destroy();
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
  });
}
