import type { IncomingMessage, ServerResponse } from "node:http";
import { explain, send, type Asker, type Explanation } from "./answers.ts";
import type { Ask } from "./ask.ts";
import type { AuthzPath } from "./authz-path.ts";

/** Before anything of the request was read: raw headers are not to be trusted with the form either. */
export function bareAsker(req: IncomingMessage): Asker {
  return { method: "GET", accept: req.headers.accept, grpc: false };
}

/** Turns away a call whose description of the request is not usable. */
export function reject(req: IncomingMessage, res: ServerResponse, at: AuthzPath, why: Explanation): void {
  if (at.role === "permit") return deny(res);
  send(res, explain(why, bareAsker(req)));
}

/** nginx turns any status but 2xx, 401 and 403 into a 500; after 401 its `error_page` asks for the answer. */
export function deny(res: ServerResponse): void {
  send(res, { status: 401, headers: { "Cache-Control": "no-store" }, body: "" });
}

/** Says why a request is not let through. */
export function tell({ at, facts, res }: Pick<Ask, "at" | "facts" | "res">, why: Explanation): void {
  if (at.role === "permit") return deny(res);
  send(res, explain(why, facts));
}
