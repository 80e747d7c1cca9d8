import type { IncomingMessage } from "node:http";
import { OWN_PREFIX } from "./own-path.ts";
import type { OwnRequest } from "./own-handlers.ts";
import { readFields } from "./read-body.ts";
import type { RequestFacts } from "./request-facts.ts";

/**
 * The request for a path of ours that a proxy describes. `bodyOf` is the call itself where the proxy sent
 * the client's body along (nginx, behind `error_page`), else the fields are empty.
 */
export function inBandRequest(facts: RequestFacts, bodyOf: IncomingMessage | undefined): OwnRequest {
  const { uri, path, method, accept, acceptLanguage, client } = facts;
  const query = uri.indexOf("?");
  return {
    where: "in-band",
    method,
    name: path.slice(OWN_PREFIX.length),
    query: new URLSearchParams(query === -1 ? "" : uri.slice(query)),
    accept,
    acceptLanguage,
    lastEventId: undefined,
    client,
    origin: `${facts.proto}://${facts.authority}`,
    body: () => (bodyOf ? readFields(bodyOf) : Promise.resolve(new URLSearchParams())),
  };
}
