import type { ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { TargetHandle } from "../watchers/handle.ts";
import { answerForm } from "./accepts.ts";
import { explain, guardHeaders, send, type Explanation } from "./answers.ts";
import type { EventStreams } from "./event-stream.ts";
import { explainUnavailable, SHUTTING_DOWN, stateWord } from "./explanations.ts";
import { language, pageAnswer } from "./loading-page.ts";
import type { PageRenderer } from "./page/render.ts";
import { sameHostUri } from "./request-path.ts";
import { answerStatus, type StatusParts } from "./status.ts";
import type { TokenClaims } from "./tokens.ts";

/** A request for a path of ours, whichever way it came. */
export interface OwnRequest {
  /** In-band: described by the proxy on the forward-auth call. No answer may be 2xx there. */
  readonly where: "in-band" | "public";
  readonly method: string;
  /** Below `/.wakegate/`, without it. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly acceptLanguage: string | undefined;
  readonly lastEventId: string | undefined;
  readonly client: string;
  /** `https://host`, for a Location that Traefik must not rewrite; empty on the public listener. */
  readonly origin: string;
  /** The fields of the body, form or JSON; in-band there is none. */
  body(): Promise<URLSearchParams>;
}

/** What the handlers of our own paths need. */
export interface OwnParts extends StatusParts {
  readonly renderer: PageRenderer;
  readonly streams: EventStreams;
  readonly log: Log;
}

/** Answers `/.wakegate/…`: status, retry, events, page. */
export interface OwnHandlers {
  handle(request: OwnRequest, res: ServerResponse): Promise<void>;
}

/** One retry for each target in so many ms. */
const RETRY_SPACING_MS = 5000;

export function createOwnHandlers(parts: OwnParts): OwnHandlers {
  const lastRetry = new Map<string, number>();
  return {
    async handle(request, res) {
      if (parts.closing.closed) return refuse(request, res, SHUTTING_DOWN);
      const { name, method } = request;
      const route = ROUTES.get(name);
      if (!route) return refuse(request, res, NOT_FOUND);
      if (method !== route && !(route === "GET" && method === "HEAD")) {
        res.setHeader("Allow", route === "GET" ? "GET, HEAD" : route);
        return refuse(request, res, { ...NOT_FOUND, status: 405, code: "method_not_allowed" });
      }
      const tokens = [
        request.query.get("token"),
        method === "POST" ? (await request.body()).get("token") : null,
      ];
      const claims = bestClaims(parts, tokens);
      if ("status" in claims) {
        const back = claims.returnTo;
        if (name === "page" && request.where === "public" && back !== undefined) return goTo(res, back);
        return refuse(request, res, claims);
      }
      const entry = parts.lookup.byName(claims.target);
      if (!entry?.handle) {
        return refuse(request, res, explainUnavailable(claims.target));
      }
      switch (name) {
        case "status":
          return await answerStatus(parts, entry.handle, statusQuery(request, claims), res);
        case "events":
          return openEvents(parts, entry.handle, claims, request, res);
        case "retry":
          return retry(parts.clock, lastRetry, entry.handle, claims, request, res);
        default:
          return publicPage(parts, entry.handle, claims, request, res);
      }
    },
  };
}

const ROUTES: ReadonlyMap<string, "GET" | "POST"> = new Map([
  ["status", "GET"],
  ["events", "GET"],
  ["page", "GET"],
  ["retry", "POST"],
] as const);

const NOT_FOUND: Explanation = {
  status: 404,
  state: "refused",
  code: "not_found",
  title: "Nothing is here.",
};

type Refusal = Explanation & { readonly returnTo?: string };

/** The first valid token wins: a page sends its newest in the body beside an older one in the URL. */
function bestClaims(parts: OwnParts, tokens: readonly (string | null)[]): TokenClaims | Refusal {
  let refusal: Refusal = {
    status: 403,
    state: "refused",
    code: "token",
    title: "The token is not valid.",
  };
  for (const token of tokens) {
    if (token === null || token === "") continue;
    const verified = parts.tokens.verify(token);
    if (verified.kind === "valid") return verified.claims;
    if (verified.kind === "expired") {
      const { returnTo } = verified.claims;
      const title = "The token has expired. Open the app again.";
      refusal = { ...refusal, title, ...(returnTo !== undefined && { returnTo }) };
    }
  }
  return refusal;
}

function refuse(request: OwnRequest, res: ServerResponse, why: Explanation): void {
  // The page's script asks for JSON or for anything; people come with text/html.
  const accept = answerForm(request.accept) === "html" ? "text/html" : "application/json";
  send(res, explain(why, { method: request.method, accept, grpc: false }));
}

function statusQuery(request: OwnRequest, claims: TokenClaims): Parameters<typeof answerStatus>[2] {
  return {
    claims,
    since: request.query.get("since"),
    lang: language(request.acceptLanguage),
    status: request.where === "public" ? 200 : 503,
  };
}

function openEvents(
  parts: OwnParts,
  handle: TargetHandle,
  claims: TokenClaims,
  request: OwnRequest,
  res: ServerResponse,
): void {
  const state = stateWord(handle.gate);
  if (request.where === "in-band") {
    const title = "Events need a route to the public listener.";
    return refuse(request, res, { status: 503, state, code: "no_events_here", title });
  }
  const place = parts.places.take(handle.spec.name);
  if (!place) {
    const title = "Too many pages are open.";
    return refuse(request, res, { status: 503, state, code: "full", title, retryAfterS: 5 });
  }
  res.once("close", () => place[Symbol.dispose]());
  if (claims.mayWake) {
    const following = handle.follow();
    res.once("close", () => following[Symbol.dispose]());
  }
  parts.streams.open(handle, res, request.lastEventId ?? request.query.get("since") ?? undefined);
}

/** Ends a cool-down. A bearer whose own request may not wake the target cannot do it this way either. */
function retry(
  clock: Clock,
  lastRetry: Map<string, number>,
  handle: TargetHandle,
  claims: TokenClaims,
  request: OwnRequest,
  res: ServerResponse,
): void {
  const name = handle.spec.name;
  const now = clock.monotonic();
  const spacing = now - (lastRetry.get(name) ?? -Infinity);
  const due = handle.gate.kind === "failed" && claims.mayWake;
  if (due && spacing >= RETRY_SPACING_MS) {
    lastRetry.set(name, now);
    handle.retry({ by: "retry", client: request.client });
  }
  const state = stateWord(handle.gate);
  if (answerForm(request.accept) === "html") {
    const back = sameHostUri(request.query.get("return") ?? "/");
    return send(res, {
      status: 303,
      headers: { ...guardHeaders(state), Location: request.origin + back },
      body: "",
    });
  }
  const limited = due && spacing < RETRY_SPACING_MS;
  send(res, {
    status: limited ? 429 : request.where === "public" ? 202 : 503,
    headers: {
      ...guardHeaders(state, limited ? Math.ceil((RETRY_SPACING_MS - spacing) / 1000) : undefined),
      "Content-Type": "application/json; charset=utf-8",
    },
    body: JSON.stringify({ state, accepted: due && !limited }),
  });
}

/**
 * The page on a host of its own (`page_mode: redirect`). It wakes only what the redirected request might:
 * its address stands for that request.
 */
function publicPage(
  parts: OwnParts,
  handle: TargetHandle,
  claims: TokenClaims,
  request: OwnRequest,
  res: ServerResponse,
): void {
  if (request.where === "in-band") return refuse(request, res, NOT_FOUND);
  const { returnTo } = claims;
  if (handle.gate.kind === "ready" && returnTo !== undefined) return goTo(res, returnTo);
  const { gate } = handle;
  if (claims.mayWake && (gate.kind === "asleep" || gate.kind === "failed")) {
    handle.wake({ by: "request", client: request.client, method: request.method });
  }
  const token = request.query.get("token") ?? "";
  const { acceptLanguage } = request;
  const url = `/.wakegate/page?token=${encodeURIComponent(token)}`;
  send(res, pageAnswer(parts, { handle, status: 200, claims, url, acceptLanguage }));
}

/** Back to the app: without our marker, so that the page knows the way is free. */
function goTo(res: ServerResponse, location: string): void {
  send(res, { status: 302, headers: { Location: location, "Cache-Control": "no-store" }, body: "" });
}
