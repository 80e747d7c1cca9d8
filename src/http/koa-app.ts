import { Router } from "@koa/router";
import Koa from "koa";
import type { Log } from "../lib/log.ts";
import type { TargetDirectory } from "../watchers/handle.ts";
import type { Handler } from "./lazy-handler.ts";
import { tellFailure } from "./tell-failure.ts";

/** What answers on the internal listener beside verdicts. */
export interface KoaAppOptions {
  readonly directory: Pick<TargetDirectory, "settled">;
  readonly log: Log;
  readonly routes?: (router: Router) => void | Promise<void>;
}

/** Health and whatever `routes` adds behind it; 404 for all else. */
export async function createKoaApp({ directory, log, routes }: KoaAppOptions): Promise<Handler> {
  const router = new Router();
  router.get("/healthz", (ctx) => {
    ctx.body = { status: "ok" };
  });
  router.get("/readyz", (ctx) => {
    ctx.status = directory.settled ? 200 : 503;
    ctx.body = { status: directory.settled ? "ready" : "waiting for the first listing of every engine" };
  });
  await routes?.(router);
  const app = new Koa();
  app.silent = true;
  app.on("error", (error: unknown) => tellFailure(error, log));
  app.use(async (ctx, next) => {
    ctx.set("Cache-Control", "no-store");
    await next();
  });
  app.use(router.routes());
  app.use(router.allowedMethods());
  const handle = app.callback();
  return (req, res) => void handle(req, res);
}
