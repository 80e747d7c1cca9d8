import type { Router, RouterContext } from "@koa/router";
import { createHash, timingSafeEqual } from "node:crypto";
import type { TraefikSettings } from "../config/model/traefik.ts";
import { plainAddress } from "../lib/address-blocks.ts";
import type { Clock } from "../lib/clock.ts";
import type { TraefikPolls } from "../publish/traefik/polls.ts";
import type { TraefikPublisher } from "../publish/traefik/publisher.ts";
import { FIRST_WITH_TOKEN, OLDEST, type TraefikVersion } from "../publish/traefik/version.ts";

/** What answers Traefik's HTTP provider. */
export interface TraefikRoutesOptions {
  readonly publisher: Pick<TraefikPublisher, "document">;
  /** Undefined while publishing is off. */
  readonly settings: () => TraefikSettings | undefined;
  readonly polls: TraefikPolls;
  readonly clock: Clock;
}

/**
 * `/api/traefik/config` with a token in a header (Traefik 3), or with a secret as the last segment of the path
 * (Traefik 2.11). 404 while it is off, 503 until every engine was listed.
 */
export function addTraefikRoutes(router: Router, options: TraefikRoutesOptions): void {
  const { publisher, settings, polls, clock } = options;
  const noted = async (ctx: RouterContext, work: () => Promise<void>): Promise<void> => {
    await work();
    const peer = plainAddress(ctx.req.socket.remoteAddress ?? "");
    // A path or a secret that leads nowhere is anybody's guess.
    if (ctx.status !== 404) polls.note({ at: clock.now(), status: ctx.status, peer });
  };
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
  router.get("/api/traefik/config", (ctx) =>
    noted(ctx, async () => {
      const known = settings();
      if (known?.token === undefined) return;
      if (!same(ctx.get("authorization"), `Bearer ${known.token}`)) {
        ctx.status = 401;
        ctx.set("WWW-Authenticate", "Bearer");
        ctx.body = { error: "expected the header Authorization: Bearer and publish.traefik.token" };
        return;
      }
      await answer(ctx, known, FIRST_WITH_TOKEN);
    }),
  );
  router.get("/api/traefik/config/:secret", (ctx) =>
    noted(ctx, async () => {
      const known = settings();
      const secret = ctx.params["secret"] ?? "";
      if (known?.secretPath === undefined || !same(secret, known.secretPath)) return;
      await answer(ctx, known, OLDEST);
    }),
  );
}

const HOST = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/** In the same time wherever they differ. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
