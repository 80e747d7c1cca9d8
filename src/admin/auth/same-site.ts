import type { IncomingMessage } from "node:http";

/**
 * True when a request that changes something cannot have been made by another site's page: it carries JSON or
 * our own header (which a plain form cannot), and where the browser says where it comes from, it is here.
 * `forwardedHost` is the host that a trusted proxy was asked for.
 */
export function isSameSite({ headers }: IncomingMessage, forwardedHost: string | undefined): boolean {
  const json = /^application\/([\w.-]+\+)?json\b/i.test(headers["content-type"] ?? "");
  if (!json && headers["x-wakegate-request"] === undefined) return false;
  return isSameOrigin(headers, forwardedHost);
}

/** The part about where it comes from, for forms of our own pages. */
export function isSameOrigin(
  headers: IncomingMessage["headers"],
  forwardedHost: string | undefined,
): boolean {
  const site = headers["sec-fetch-site"];
  if (typeof site === "string" && site !== "same-origin" && site !== "none") return false;
  const { origin } = headers;
  if (origin === undefined) return true;
  try {
    const { host } = new URL(origin);
    return host === headers.host?.toLowerCase() || host === forwardedHost?.toLowerCase();
  } catch {
    return false;
  }
}
