import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { MayNotWake } from "../watchers/progress.ts";

/** What a token lets its bearer do: follow one target. */
export interface TokenClaims {
  readonly target: string;
  /** The page it was made for came from a request that may wake the target. */
  readonly mayWake: boolean;
  /** Where the page leads when the target is ready: a path, or an absolute URL on another host. */
  readonly returnTo?: string;
  /** Why that request may not wake it: the page keeps saying so, whatever others do. */
  readonly mayNotWake?: MayNotWake;
}

/** A token read back. Claims of an expired one are genuine, only old. */
export type VerifiedToken =
  | { readonly kind: "valid"; readonly claims: TokenClaims }
  | { readonly kind: "expired"; readonly claims: TokenClaims }
  | { readonly kind: "invalid" };

/** Makes and reads the tokens of the loading page. */
export interface TokenSigner {
  issue(claims: TokenClaims): string;
  /** Never throws; takes the same time wherever a forged signature differs. */
  verify(token: string | undefined): VerifiedToken;
}

/** A page left open renews its token with each status answer; one that sleeps longer than this reloads. */
export const TOKEN_TTL_MS = 60 * 60_000;
/** Part of what is signed: a later format cannot be taken for this one. */
const VERSION = "2";
const MAC_BYTES = 32;
/** A longer place to return to is left out, so that URLs stay within what proxies take. */
const LONGEST_RETURN = 2048;
const LONGEST_TOKEN = 8192;

/** Tokens are base64url of an HMAC-SHA256 and what it signs, in that order; opaque to everybody else. */
export function createTokenSigner(key: Uint8Array, clock: Clock, ttlMs: number = TOKEN_TTL_MS): TokenSigner {
  const mac = (payload: string): Buffer => createHmac("sha256", key).update(payload).digest();
  return {
    issue({ target, mayWake, returnTo, mayNotWake }) {
      const fits = returnTo !== undefined && returnTo.length <= LONGEST_RETURN;
      const expires = Math.floor((clock.now() + ttlMs) / 1000);
      const payload = JSON.stringify([
        VERSION,
        expires,
        target,
        mayWake ? 1 : 0,
        fits ? returnTo : null,
        mayNotWake ?? null,
      ]);
      return Buffer.concat([mac(payload), Buffer.from(payload)]).toString("base64url");
    },
    verify(token) {
      if (token === undefined || token.length > LONGEST_TOKEN) return { kind: "invalid" };
      const bytes = Buffer.from(token, "base64url");
      // Decoding is lenient; one token shall have one spelling.
      if (bytes.length <= MAC_BYTES || bytes.toString("base64url") !== token) return { kind: "invalid" };
      const payload = bytes.subarray(MAC_BYTES).toString();
      if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac(payload))) return { kind: "invalid" };
      return read(payload, clock.now());
    },
  };
}

/** Only called for what we signed ourselves, perhaps with another version. */
function read(payload: string, now: number): VerifiedToken {
  const [version, expires, target, mayWake, returnTo, mayNotWake] = JSON.parse(payload) as unknown[];
  if (version !== VERSION || typeof expires !== "number" || typeof target !== "string")
    return { kind: "invalid" };
  const claims: TokenClaims = {
    target,
    mayWake: mayWake === 1,
    ...(typeof returnTo === "string" && { returnTo }),
    ...(typeof mayNotWake === "object" && mayNotWake !== null && { mayNotWake: mayNotWake as MayNotWake }),
  };
  return { kind: now < expires * 1000 ? "valid" : "expired", claims };
}
