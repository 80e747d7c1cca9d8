import type { Dialect } from "./request-facts.ts";

/** Everything below it is answered by the forward-auth endpoint. */
export const AUTHZ_PREFIX = "/api/authz/";

/** Which question a proxy asks, by the path of its call. */
export interface AuthzPath {
  readonly dialect: Dialect;
  /**
   * `verdict`: the answer itself (Traefik, Caddy). `permit`: nginx reads 204 or 401 alone. `answer`: what
   * nginx shows after a 401, so never a pass. `redirect`: no proxy asks, the visitor itself came (catch-all),
   * and instead of a pass is sent once more through the proxy. `monitor`: a verdict that tells "asleep" from
   * "failed" by its status, so that the proxy can make a good answer of it.
   */
  readonly role: "verdict" | "permit" | "answer" | "redirect" | "monitor";
  /** Fixed by the operator in the proxy's configuration. */
  readonly target?: string;
}

const KINDS: ReadonlyMap<string, AuthzPath> = new Map<string, AuthzPath>([
  ["forward-auth", { dialect: "forward-auth", role: "verdict" }],
  ["forward-auth-prefix", { dialect: "forward-auth-prefix", role: "verdict" }],
  ["auth-request", { dialect: "nginx", role: "permit" }],
  ["monitor", { dialect: "forward-auth", role: "monitor" }],
  ["page", { dialect: "nginx", role: "answer" }],
]);

const PATH = /^\/api\/authz\/([a-z-]+)(?:\/([a-z0-9][a-z0-9._-]*))?\/?$/;

/**
 * Reads a request target; undefined for whatever is not exactly one of ours. The query is never read:
 * Caddy puts the client's own there.
 */
export function parseAuthzPath(url: string): AuthzPath | undefined {
  if (url === "/api/authz/forward-auth") return KINDS.get("forward-auth");
  const query = url.indexOf("?");
  const match = PATH.exec(query === -1 ? url : url.slice(0, query));
  const kind = KINDS.get(match?.[1] ?? "");
  const target = match?.[2];
  return kind && target !== undefined ? { ...kind, target } : kind;
}
