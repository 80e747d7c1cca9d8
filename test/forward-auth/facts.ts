import type { RequestFacts } from "../../src/forward-auth/request-facts.ts";

/** Facts of a plain GET; `changes` win. */
export function requestFacts(changes: Partial<RequestFacts> = {}): RequestFacts {
  return {
    method: "GET",
    host: "blog.example.com",
    authority: "blog.example.com",
    uri: changes.path ?? "/",
    path: "/",
    alternativePath: undefined,
    proto: "https",
    client: "203.0.113.9",
    userAgent: undefined,
    accept: undefined,
    acceptLanguage: undefined,
    navigation: false,
    bareHead: false,
    longLived: false,
    grpc: false,
    prefetch: false,
    serviceWorkerScript: false,
    preflight: false,
    headers: [],
    ...changes,
  };
}
