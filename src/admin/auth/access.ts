import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { ApiSettings, ApiToken } from "../../config/model/api.ts";
import { hashToken } from "../../config/schema/api.ts";
import { type TrustedPeers } from "../../forward-auth/trusted-peers.ts";
import type { Sessions } from "./sessions.ts";

/** Who sends a request, as far as access is concerned. */
export interface Caller {
  readonly access: "admin" | "read";
  /** For pins and the log: `token`, `dashboard`, `this host` (its own token), or the name that the single sign-on gave. */
  readonly name: string;
}

/** Why a request is refused. */
export type Refusal = "no_token" | "wrong_token";

/** What access is decided by. */
export interface AccessRules {
  readonly settings: Pick<ApiSettings, "userHeader" | "admins" | "tokenCommand">;
  readonly tokens: readonly ApiToken[];
  readonly trusted: TrustedPeers;
  /** Only when the operator set them: a header may name a user only then. */
  readonly trustedSet: boolean;
  readonly sessions: Sessions;
}

/** The cookie of the dashboard. */
export const COOKIE = "wakegate";

/**
 * Who sends a request, or why it is refused. A token in the request is decisive; then the dashboard's cookie, then
 * a user named by a trusted proxy. No caller is trusted for its address: every proxy on this host is a loopback
 * peer, and nginx by default passes on neither the visitor's host nor a header of its own.
 */
export function callerOf(req: IncomingMessage, rules: AccessRules): Caller | Refusal {
  const { headers } = req;
  const presented = tokenOf(headers);
  if (presented !== undefined) {
    const token = findToken(presented, rules.tokens);
    return token ? { access: token.access, name: token.name ?? "token" } : "wrong_token";
  }
  const cookie = cookieOf(headers.cookie);
  const session = cookie === undefined ? undefined : rules.sessions.read(cookie, rules.tokens);
  if (session) return { access: session.access, name: "dashboard" };
  const user = userOf(req, rules);
  if (user !== undefined) {
    const { admins } = rules.settings;
    return { access: admins === undefined || admins.includes(user) ? "admin" : "read", name: user };
  }
  return "no_token";
}

/** Looks through all tokens, always as long: neither a match nor its place shows in the time. */
export function findToken(presented: string, tokens: readonly ApiToken[]): ApiToken | undefined {
  const hash = Buffer.from(hashToken(presented), "hex");
  let found: ApiToken | undefined;
  for (const token of tokens) {
    if (timingSafeEqual(hash, digest(token.hash))) found = token;
  }
  return found;
}

function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  const bearer = authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  const own = headers["x-wakegate-token"];
  return bearer ?? (typeof own === "string" ? own : undefined);
}

function cookieOf(header: string | undefined): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const [name, value] = part.trim().split("=");
    if (name === COOKIE && value !== undefined) return value;
  }
  return undefined;
}

function userOf(req: IncomingMessage, { settings, trusted, trustedSet }: AccessRules): string | undefined {
  if (settings.userHeader === undefined || !trustedSet) return undefined;
  const named = req.headers[settings.userHeader];
  if (typeof named !== "string" || named === "") return undefined;
  return trusted.has(req.socket.remoteAddress) ? named : undefined;
}

function digest(hash: string): Buffer {
  const bytes = Buffer.from(hash, "hex");
  return bytes.length === 32 ? bytes : createHash("sha256").update(hash).digest();
}
