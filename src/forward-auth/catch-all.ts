import type { IncomingMessage, ServerResponse } from "node:http";
import type { Settings } from "../config/model.ts";
import { messageOf } from "../errors.ts";
import { explain, send, type Explanation } from "./answers.ts";
import type { Ask, Endpoint } from "./ask.ts";
import type { AuthzPath } from "./authz-path.ts";
import type { EndpointParts } from "./endpoint.ts";
import { explainMalformed, FAULT } from "./explanations.ts";
import { waitFor } from "./holds.ts";
import type { IntentRule } from "./intent.ts";
import { isOwnPath } from "./own-path.ts";
import { isSafe, parseDirectFacts } from "./request-facts.ts";

/** What the catch-all is made with. */
export interface CatchAllParts extends EndpointParts {
  readonly endpoint: Endpoint;
  readonly mode: () => Settings["catchAll"];
}

/**
 * The handler for visitors whom the proxy sends here because the app has no route while it sleeps. A wake is
 * waited for, then the visitor is sent through the proxy again: 307 for methods that change nothing, 503 for
 * others, whose body was not kept.
 */
export function createCatchAll(parts: CatchAllParts): (req: IncomingMessage, res: ServerResponse) => void {
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const refuse = (why: Explanation): void =>
      send(res, explain(why, { method: req.method ?? "GET", accept: req.headers.accept, grpc: false }));
    const mode = parts.mode();
    const parsed = parseDirectFacts(req, req.socket.remoteAddress ?? "");
    if (mode === "off") return refuse(NOTHING);
    if (!parsed.ok) return refuse(explainMalformed(parsed.wrong));
    const { facts } = parsed;
    if (isOwnPath(facts.path)) return refuse(NOTHING);
    const found = parts.lookup.find(facts.host, facts.path, facts.alternativePath);
    const ready = typeof found === "object" && found.handle?.gate.kind === "ready";
    if (ready && isSafe(facts)) {
      // It is awake, so the proxy is what lags behind. At once would be a ring of redirects.
      const end = await waitFor({
        clock: parts.clock,
        ms: PROXY_LAG_MS,
        changes: [],
        res,
        closing: parts.closing,
      });
      if (end === "gone") return;
    }
    const ask: Ask = { at: DIRECT, facts, standing: undefined, req, res };
    parts.endpoint.answer(mode === "page" ? { ...ask, rule: ONLY_TELL } : ask);
  };
  return (req, res) => {
    handle(req, res).catch((error: unknown) => {
      parts.log.error("catch_all_failed", messageOf(error), { error });
      if (res.headersSent) res.destroy();
      else send(res, explain(FAULT, { method: "GET", accept: req.headers.accept, grpc: false }));
    });
  };
}

/** Half of Traefik's throttle; browsers follow 20 redirects, so there is time enough. */
const PROXY_LAG_MS = 1000;

const DIRECT: AuthzPath = { dialect: "forward-auth", role: "redirect" };
const ONLY_TELL: IntentRule = { name: "catch_all: page", wakes: false, counts: false, matches: () => true };
const NOTHING: Explanation = {
  status: 404,
  state: "refused",
  code: "not_found",
  title: "Nothing is here.",
};
