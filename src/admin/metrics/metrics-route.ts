import type { Router } from "@koa/router";
import { answering } from "../api/api-routes.ts";
import { admit } from "../auth/guard.ts";
import type { AdminParts } from "../parts.ts";

/** Adds `/metrics` to the internal listener's router. */
export function addMetricsRoute(
  router: Router,
  parts: AdminParts,
  metrics: () => Promise<{ readonly type: string; readonly text: string }>,
): void {
  router.get("/metrics", (ctx) =>
    answering(ctx, parts, async () => {
      if (parts.settings().api.metrics === "token") admit(ctx.req, parts, "read", false);
      const { type, text } = await metrics();
      ctx.body = text;
      ctx.set("Content-Type", type);
    }),
  );
}
