import type { Router } from "@koa/router";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AUTHZ_PREFIX } from "../forward-auth/authz-path.ts";
import type { ForwardAuth } from "../forward-auth/forward-auth.ts";
import type { Log } from "../lib/log.ts";
import type { TargetDirectory } from "../watchers/handle.ts";
import { lazyHandler } from "./lazy-handler.ts";

/** What answers on the internal listener. */
export interface InternalAppOptions {
  readonly forwardAuth: Pick<ForwardAuth, "authz" | "probes">;
  readonly directory: Pick<TargetDirectory, "settled">;
  readonly log: Log;
  /** Adds what other parts answer here: metrics, the API, Traefik's configuration. */
  readonly routes?: (router: Router) => void | Promise<void>;
}

/**
 * The handler of the internal listener: verdicts first and without Koa, health and whatever `routes` adds
 * behind it, 404 for all else. A forwarded request on any other path is 404 whatever the path, because a
 * mistyped forward-auth address must never read as "allow".
 */
export function createInternalApp(
  options: InternalAppOptions,
): (req: IncomingMessage, res: ServerResponse) => void {
  const { forwardAuth, log } = options;
  const rest = lazyHandler(async () => (await import("./koa-app.ts")).createKoaApp(options), log);
  return (req, res) => {
    if (req.url?.startsWith(AUTHZ_PREFIX) === true) return forwardAuth.authz(req, res);
    forwardAuth.probes.stray(req);
    if (isForwarded(req)) return notFound(res);
    rest(req, res);
  };
}

const FORWARDED = ["x-forwarded-method", "x-original-method", "x-original-url"];

function isForwarded({ headers }: IncomingMessage): boolean {
  return FORWARDED.some((name) => headers[name] !== undefined);
}

function notFound(res: ServerResponse): void {
  const body =
    "Nothing is here. Forward-auth requests belong to /api/authz/forward-auth, nginx auth_request to /api/authz/auth-request.\n";
  res.writeHead(404, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Wakegate": "refused",
  });
  res.end(body);
}
