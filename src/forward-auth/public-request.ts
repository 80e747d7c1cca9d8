import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../errors.ts";
import type { Log } from "../lib/log.ts";
import { OWN_PREFIX } from "./own-path.ts";
import type { OwnHandlers, OwnRequest } from "./own-handlers.ts";
import { readFields } from "./read-body.ts";

/** The handler of `/.wakegate/…` on the public listener. No forwarded header means anything here. */
export function createPublicHandler(
  handlers: OwnHandlers,
  log: Log,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    handlers.handle(publicRequest(req), res).catch((error: unknown) => {
      log.error("public_request_failed", messageOf(error), { error });
      res.destroy();
    });
  };
}

function publicRequest(req: IncomingMessage): OwnRequest {
  const url = req.url ?? "";
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  const lastEventId = req.headers["last-event-id"];
  return {
    where: "public",
    method: req.method ?? "GET",
    name: path.slice(OWN_PREFIX.length),
    query: new URLSearchParams(query === -1 ? "" : url.slice(query)),
    accept: req.headers.accept,
    acceptLanguage: req.headers["accept-language"],
    lastEventId: typeof lastEventId === "string" ? lastEventId : undefined,
    client: req.socket.remoteAddress ?? "",
    origin: "",
    body: () => readFields(req),
  };
}
