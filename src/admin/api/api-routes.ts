import type { Router, RouterContext } from "@koa/router";
import * as z from "zod";
import { messageOf } from "../../errors.ts";
import { admit } from "../auth/guard.ts";
import type { AdminParts } from "../parts.ts";
import type { Actions } from "./actions.ts";
import { createHandlers } from "./handlers.ts";
import { openApiDocument } from "./openapi.ts";
import { operations, type Operation } from "./operations.ts";
import { ApiProblem } from "./problem.ts";
import { readJson } from "./read-json.ts";

/** Where the API lives on the internal listener. */
export const API_PREFIX = "/api/v1";

/** Adds the API to the internal listener's router. */
export function addApiRoutes(router: Router, parts: AdminParts, actions: Actions): void {
  const handlers = createHandlers(parts, actions);
  router.get(`${API_PREFIX}/openapi.json`, (ctx) => {
    ctx.body = openApiDocument(parts.version);
  });
  for (const operation of operations) {
    const { id, method } = operation;
    const path = API_PREFIX + operation.path.replaceAll(/\{(\w+)\}/g, ":$1");
    router[method](path, (ctx) =>
      answering(ctx, parts, async () => {
        const caller = admit(ctx.req, parts, operation.access, method !== "get");
        if (id === "streamEvents") return events(ctx, parts);
        const body = operation.body && checked(operation.body, await readJson(ctx.req));
        const params = ctx.params as Readonly<Record<string, string>>;
        const answer = await handlers[id]({ params, query: ctx.URL.searchParams, body, caller });
        ctx.body = answer;
        ctx.status = operation.status;
      }),
    );
  }
  router.all(/^\/api\/v1(\/.*)?$/, (ctx) =>
    answering(ctx, parts, () => {
      admit(ctx.req, parts, "read", false);
      throw new ApiProblem(404, "no_such_call", "The API has no such call", {
        detail: `${API_PREFIX}/openapi.json lists all`,
      });
    }),
  );
}

/** Runs a handler; what it throws becomes a problem document. */
export async function answering(
  ctx: RouterContext,
  { log }: Pick<AdminParts, "log">,
  work: () => unknown,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const problem =
      error instanceof ApiProblem
        ? error
        : new ApiProblem(500, "fault", "Wakegate made a mistake; the log says more");
    if (problem.status === 500) log.error("api_failed", messageOf(error), { err: error });
    ctx.status = problem.status;
    if (problem.status === 401) ctx.set("WWW-Authenticate", 'Bearer realm="Wakegate"');
    ctx.body = JSON.stringify(problem.document());
    ctx.type = "application/problem+json; charset=utf-8";
  }
}

function events(ctx: RouterContext, { streams, hub }: AdminParts): void {
  const query = ctx.URL.searchParams;
  const target = query.get("target") ?? undefined;
  if (query.get("format") === "json") {
    ctx.body = {
      events: hub
        .history(target)
        .map(({ at, ...event }) => ({ ...event, timestamp: new Date(at).toISOString() })),
    };
    return;
  }
  const lastEventId = ctx.req.headers["last-event-id"];
  ctx.respond = false;
  const open = streams.open(ctx.res, {
    ...(typeof lastEventId === "string" && { lastEventId }),
    ...(target !== undefined && { target }),
    replay: query.get("replay") === "1",
  });
  if (open) return;
  ctx.respond = true;
  throw new ApiProblem(429, "too_many_streams", "There are too many event streams");
}

function checked(schema: NonNullable<Operation["body"]>, body: unknown): unknown {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ApiProblem(400, "body_invalid", "The body is not as expected", {
    detail: z.prettifyError(parsed.error).replaceAll("\n", " "),
  });
}
