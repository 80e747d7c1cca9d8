import type { IncomingMessage } from "node:http";
import type { AdminParts } from "../parts.ts";
import { ApiProblem } from "../api/problem.ts";
import { callerOf, type Caller, type Refusal } from "./access.ts";
import { isSameSite } from "./same-site.ts";

/**
 * Lets a request in, or refuses it.
 *
 * @throws ApiProblem 401 or 403 that says how to get in.
 */
export function admit(
  req: IncomingMessage,
  parts: Pick<AdminParts, "rules">,
  access: "read" | "admin",
  changes: boolean,
): Caller {
  const rules = parts.rules();
  const caller = callerOf(req, rules);
  if (typeof caller === "string") throw refusal(caller);
  if (access === "admin" && caller.access !== "admin")
    throw new ApiProblem(403, "read_only", "The token may only read");
  if (changes && !isSameSite(req, forwardedHost(req, parts))) {
    throw new ApiProblem(
      403,
      "cross_site",
      "This looks like a request of another site. Send Content-Type: application/json, or the header X-Wakegate-Request.",
    );
  }
  return caller;
}

/** The host that a trusted proxy in front was asked for. */
export function forwardedHost(
  req: IncomingMessage,
  { rules }: Pick<AdminParts, "rules">,
): string | undefined {
  const host = req.headers["x-forwarded-host"];
  return typeof host === "string" && rules().trusted.has(req.socket.remoteAddress) ? host : undefined;
}

function refusal(why: Refusal): ApiProblem {
  switch (why) {
    case "no_token":
      return new ApiProblem(401, "no_token", "A token is needed", {
        detail:
          "Send Authorization: Bearer TOKEN. On the host of Wakegate, wakegate token prints one; the command line takes --token-file or WAKEGATE_TOKEN.",
      });
    case "wrong_token":
      return new ApiProblem(401, "wrong_token", "That token is not valid");
  }
}
