import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { ApiSettings, ApiToken } from "../../config/model/api.ts";
import { hashToken } from "../../config/schema/api.ts";
import { plainAddress } from "../../lib/address-blocks.ts";
import { type TrustedPeers } from "../../forward-auth/trusted-peers.ts";
import type { Sessions } from "./sessions.ts";

/** Who asks, as far as it matters here. */
export interface Caller {
  readonly access: "admin" | "read";
  /** For pins and the log: `token`, `this host`, or the name that the single sign-on gave. */
  readonly name: string;
}

/** Why somebody may not. */
export type Refusal = "no_token" | "wrong_token" | "not_local";

/** What access is decided by. */
export interface AccessRules {
  readonly settings: Pick<ApiSettings, "userHeader" | "admins">;
  readonly tokens: readonly ApiToken[];
  readonly trusted: TrustedPeers;
  /** Only when the operator set them: a header may name a user only then. */
  readonly trustedSet: boolean;
  readonly sessions: Sessions;
}

/** The cookie of the dashboard. */
export const COOKIE = "wakegate";

/**
 * Who a request comes from, or why it may not be answered. A token in the request is decisive; then the
 * dashboard's cookie, then a user named by a trusted proxy; without any token, this host itself: a loopback
 * peer that asked for a loopback host (so no foreign page by DNS rebinding) and no proxy in between.
 */
export function callerOf(req: IncomingMessage, rules: AccessRules): Caller | Refusal {
  const { headers } = req;
  const presented = tokenOf(headers);
  if (presented !== undefined) {
    const token = findToken(presented, rules.tokens);
    return token ? { access: token.access, name: "token" } : "wrong_token";
  }
  const cookie = cookieOf(headers.cookie);
  const session = cookie === undefined ? undefined : rules.sessions.read(cookie, rules.tokens);
  if (session) return { access: session.access, name: "dashboard" };
  const user = userOf(req, rules);
  if (user !== undefined) {
    const { admins } = rules.settings;
    return { access: admins === undefined || admins.includes(user) ? "admin" : "read", name: user };
  }
  if (rules.tokens.length > 0) return "no_token";
  return isLocal(req) ? { access: "admin", name: "this host" } : "not_local";
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

/** True for a request from this host to this host, with no sign of a proxy in between. */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const peer = plainAddress(socket.remoteAddress ?? "");
  if (!(peer === "::1" || peer.startsWith("127."))) return false;
  if (FORWARDING.some((name) => headers[name] !== undefined)) return false;
  return isLoopbackHost(headers.host);
}

const FORWARDING = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
];

function isLoopbackHost(host: string | undefined): boolean {
  const name = (host ?? "").toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
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
