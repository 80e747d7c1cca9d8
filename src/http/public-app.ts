import { Router } from "@koa/router";
import Koa from "koa";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ForwardAuth } from "../forward-auth/forward-auth.ts";
import type { Log } from "../lib/log.ts";
import { ASLEEP_PATH } from "../publish/traefik/monitor-status.ts";
import { tellFailure } from "./tell-failure.ts";

/** What answers on the public listener. */
export interface PublicAppOptions {
  readonly forwardAuth: Pick<ForwardAuth, "visitor" | "catchAll">;
  readonly log: Log;
}

/** The handler of the public listener: `/.wakegate/…`, and the catch-all for all else. */
export function createPublicApp(
  options: PublicAppOptions,
): (req: IncomingMessage, res: ServerResponse) => void {
  const { forwardAuth, log } = options;
  const router = new Router();
  // The same for everybody, whatever sleeps: it tells nothing. Traefik asks for it in a monitor's name.
  router.get(ASLEEP_PATH, (ctx) => {
    ctx.set("Cache-Control", "no-store");
    ctx.set("X-Wakegate", "napping");
    ctx.body = "asleep\n";
  });
  router.all(/^\/\.wakegate\/[a-z]+$/, (ctx) => {
    // Streams and long polls write for themselves.
    ctx.respond = false;
    forwardAuth.visitor(ctx.req, ctx.res);
  });
  const app = new Koa();
  app.silent = true;
  app.on("error", (error: unknown) => tellFailure(error, log));
  app.use(router.routes());
  app.use((ctx) => {
    ctx.respond = false;
    forwardAuth.catchAll(ctx.req, ctx.res);
  });
  const handle = app.callback();
  return (req, res) => void handle(req, res);
}
