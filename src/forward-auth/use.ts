import type { Use, WakeCause } from "../watchers/handle.ts";
import type { RequestFacts } from "./request-facts.ts";

/** The counted pass of a request, for the activity clock. */
export function useOf(facts: RequestFacts): Use {
  const { client, method, path, userAgent, longLived } = facts;
  return userAgent === undefined
    ? { kind: "request", client, method, path, longLived }
    : { kind: "request", client, method, path, longLived, userAgent };
}

/** The request as the one who asked for a wake. */
export function causeOf(facts: RequestFacts): WakeCause {
  const { client, method, host, path, userAgent } = facts;
  return { by: "request", client, method, host, path, ...(userAgent !== undefined && { userAgent }) };
}
