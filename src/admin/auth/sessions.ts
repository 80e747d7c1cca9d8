import { createHmac, timingSafeEqual } from "node:crypto";
import type { ApiToken } from "../../config/model/api.ts";
import type { Clock } from "../../lib/clock.ts";

/** Cookies of the dashboard: signed, bound to a token, gone when the token is. */
export interface Sessions {
  /** The cookie's value for somebody who showed this token. */
  make(token: ApiToken): string;
  /** The token that a cookie stands for; undefined for a forged, old or revoked one. */
  read(cookie: string, tokens: readonly ApiToken[]): ApiToken | undefined;
  /** How long a cookie lasts, in seconds. */
  readonly maxAgeS: number;
}

const LASTS_MS = 30 * 24 * 3_600_000;
/** Enough of the hash to tell tokens apart, too little to be of use. */
const SHOWN = 16;

/** @param key of the state folder; a purpose is mixed in, so that page tokens are no cookies. */
export function createSessions(key: Uint8Array, clock: Clock): Sessions {
  const mac = (text: string): Buffer => createHmac("sha256", key).update(`dashboard:${text}`).digest();
  return {
    maxAgeS: LASTS_MS / 1_000,
    make(token) {
      const text = `${(clock.now() + LASTS_MS).toString(36)}.${token.hash.slice(0, SHOWN)}`;
      return `${text}.${mac(text).toString("base64url")}`;
    },
    read(cookie, tokens) {
      const [until = "", shown = "", signature = ""] = cookie.split(".");
      const given = Buffer.from(signature, "base64url");
      const wanted = mac(`${until}.${shown}`);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
      if (Number.parseInt(until, 36) < clock.now()) return undefined;
      return tokens.find(({ hash }) => hash.startsWith(shown));
    },
  };
}
