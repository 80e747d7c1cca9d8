import type { Router, RouterContext } from "@koa/router";
import { createHash, timingSafeEqual } from "node:crypto";
import type { TraefikSettings } from "../config/model/traefik.ts";
import type { TraefikPublisher } from "../publish/traefik/publisher.ts";
import { FIRST_WITH_TOKEN, OLDEST, type TraefikVersion } from "../publish/traefik/version.ts";

/** What answers Traefik's HTTP provider. */
export interface TraefikRoutesOptions {
  readonly publisher: Pick<TraefikPublisher, "document">;
  /** Undefined while publishing is off. */
  readonly settings: () => TraefikSettings | undefined;
}

/**
 * `/api/traefik/config` with a token in a header (Traefik 3), or with a secret as the last segment of the path
 * (Traefik 2.11). 404 while it is off, 503 until every engine was listed.
 */
export function addTraefikRoutes(router: Router, { publisher, settings }: TraefikRoutesOptions): void {
  const answer = async (
    ctx: RouterContext,
    known: TraefikSettings,
    version: TraefikVersion,
  ): Promise<void> => {
    const host = ctx.get("host").toLowerCase();
    if (!HOST.test(host)) {
      ctx.status = 400;
      ctx.body = { error: "the Host header is not usable" };
      return;
    }
    const text = await publisher.document({ settings: known, version, host });
    if (text === undefined) {
      ctx.status = 503;
      ctx.set("Retry-After", "1");
      ctx.body = { error: "waiting for the first listing of every engine" };
      return;
    }
    ctx.type = "application/json";
    ctx.body = text;
  };
  router.get("/api/traefik/config", async (ctx) => {
    const known = settings();
    if (known?.token === undefined) return;
    if (!same(ctx.get("authorization"), `Bearer ${known.token}`)) {
      ctx.status = 401;
      ctx.set("WWW-Authenticate", "Bearer");
      ctx.body = { error: "expected the header Authorization: Bearer and publish.traefik.token" };
      return;
    }
    await answer(ctx, known, FIRST_WITH_TOKEN);
  });
  router.get("/api/traefik/config/:secret", async (ctx) => {
    const known = settings();
    const secret = ctx.params["secret"] ?? "";
    if (known?.secretPath === undefined || !same(secret, known.secretPath)) return;
    await answer(ctx, known, OLDEST);
  });
}

const HOST = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/** In the same time wherever they differ. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
