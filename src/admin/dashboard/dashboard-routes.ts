import { gzipSync } from "node:zlib";
import type { Router, RouterContext } from "@koa/router";
import { callerOf, COOKIE, findToken, type Caller } from "../auth/access.ts";
import { forwardedHost } from "../auth/guard.ts";
import { isSameOrigin } from "../auth/same-site.ts";
import { poolFacts } from "../facts/pool-facts.ts";
import { allFacts, factsOf } from "../facts/read-facts.ts";
import { replicasLine } from "../facts/replicas-line.ts";
import { readFields } from "../../forward-auth/read-body.ts";
import { dateFormat } from "../../lib/date-format.ts";
import type { AdminParts } from "../parts.ts";
import { loadAssets, type Assets } from "./assets.ts";
import { largeGate } from "./parts/gate.ts";
import { doctorPage } from "./pages/doctor-page.ts";
import { eventsPage } from "./pages/events-page.ts";
import { emptyPage, listPage, lockedPage } from "./pages/list-page.ts";
import { targetPage } from "./pages/target-page.ts";
import { rangeOf } from "./range.ts";
import type { ViewContext } from "./view-context.ts";

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Adds the dashboard to the internal listener's router. */
export function addDashboardRoutes(router: Router, parts: AdminParts): void {
  let loaded: Assets | undefined;
  const assets = (): Assets => (loaded ??= loadAssets());
  const page = (
    path: string,
    draw: (ctx: RouterContext, context: ViewContext) => string | undefined | Promise<string | undefined>,
  ): void => {
    router.get(path, async (ctx) => {
      const caller = callerOf(ctx.req, parts.rules());
      if (typeof caller === "string") return locked(ctx, caller === "wrong_token");
      const text = await draw(ctx, contextOf(ctx, parts, assets(), caller));
      if (text === undefined) ctx.status = 404;
      else send(ctx, 200, text);
    });
  };
  const locked = (ctx: RouterContext, wrong: boolean): void => {
    const context = { ...contextOf(ctx, parts, assets(), undefined), failing: false };
    send(ctx, 401, lockedPage(wrong, parts.rules().settings.tokenCommand, context, largeGate("closed", 0)));
  };
  router.get(/^\/ui$/, (ctx) => ctx.redirect("/ui/"));
  page("/ui/", (ctx, context) => {
    const all = allFacts(parts);
    if (all.length === 0) return emptyPage(seen(parts), context, largeGate("empty", 0));
    const query = ctx.URL.searchParams;
    return listPage(
      all,
      poolFacts(parts.registry),
      {
        state: query.get("state") ?? undefined,
        q: query.get("q") ?? undefined,
        only: query.get("only")?.split(" "),
        all: query.has("all"),
      },
      { ...context, failing: all.some(({ state }) => state === "failed") },
    );
  });
  page("/ui/target/:name", (ctx, context) => {
    const name = (ctx.params as Readonly<Record<string, string>>)["name"] ?? "";
    const facts = factsOf(name, parts);
    return (
      facts && targetPage(facts, parts.hub.history(name), { ...context, failing: facts.state === "failed" })
    );
  });
  page("/ui/events", (_, context) => eventsPage(parts.hub.history(), context));
  page("/ui/doctor", async (_, context) =>
    // It changes nothing, so the first look may be made for whoever may look.
    doctorPage(parts.doctor.last ?? (await parts.doctor.examine(undefined, parts.stopped)), context),
  );
  router.get("/ui/assets/:file", (ctx) => {
    const file = assets().files.get((ctx.params as Readonly<Record<string, string>>)["file"] ?? "");
    if (!file) return;
    const gzip = ctx.acceptsEncodings("gzip") === "gzip";
    ctx.set("Content-Type", file.type);
    ctx.set("X-Content-Type-Options", "nosniff");
    ctx.set("Vary", "Accept-Encoding");
    // The address has the content's hash in it.
    ctx.set("Cache-Control", "public, max-age=31536000, immutable");
    if (gzip) ctx.set("Content-Encoding", "gzip");
    ctx.body = gzip ? file.packed : file.plain;
  });
  router.post("/ui/login", async (ctx) => {
    if (!isSameOrigin(ctx.req.headers, forwardedHost(ctx.req, parts))) return locked(ctx, false);
    const fields = await readFields(ctx.req);
    const { sessions, tokens } = parts.rules();
    const token = findToken(fields.get("token")?.trim() ?? "", tokens);
    if (!token) {
      parts.log.warn("dashboard_refused", "a wrong token was given to the dashboard", {
        peer: ctx.req.socket.remoteAddress,
      });
      return locked(ctx, true);
    }
    const secure = ctx.req.headers["x-forwarded-proto"] === "https" ? "; Secure" : "";
    ctx.set(
      "Set-Cookie",
      `${COOKIE}=${sessions.make(token)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${String(sessions.maxAgeS)}${secure}`,
    );
    ctx.redirect("/ui/");
    ctx.status = 303;
  });
}

function contextOf(
  ctx: RouterContext,
  { clock, replicas }: AdminParts,
  assets: Assets,
  caller: Caller | undefined,
): ViewContext {
  const now = clock.now();
  const zone = zoneOf(ctx.req.headers.cookie);
  return {
    now,
    zone,
    range: rangeOf(ctx.URL.searchParams.get("range"), now, zone),
    mayAct: caller?.access === "admin",
    assets: assets.version,
    ...(replicas && { replicas: replicasLine(replicas()) }),
    failing: false,
  };
}

/** The zone that the page told by cookie; one that does not exist is ignored. */
function zoneOf(cookie: string | undefined): string | undefined {
  const zone = /(?:^|;\s*)wakegate-zone=([\w+%/-]{1,60})/.exec(cookie ?? "")?.[1];
  if (zone === undefined) return undefined;
  try {
    return dateFormat({}, decodeURIComponent(zone)).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

function seen({ registry }: AdminParts): Parameters<typeof emptyPage>[0] {
  const { outages } = registry;
  return {
    engines: registry.engineNames().map((name) => {
      const outage = outages.get(name);
      return { name, containers: registry.instancesOf(name), ...(outage !== undefined && { outage }) };
    }),
  };
}

function send(ctx: RouterContext, status: number, text: string): void {
  ctx.status = status;
  ctx.set("Content-Type", "text/html; charset=utf-8");
  ctx.set("Content-Security-Policy", POLICY);
  ctx.set("Referrer-Policy", "same-origin");
  ctx.set("X-Content-Type-Options", "nosniff");
  ctx.set("Vary", "Accept-Encoding, Cookie");
  const gzip = ctx.acceptsEncodings("gzip") === "gzip";
  if (gzip) ctx.set("Content-Encoding", "gzip");
  ctx.body = gzip ? gzipSync(text) : text;
}
