/**
 * The host of a Host-like header value, fit for comparison: lower case, without port and trailing dot.
 * Undefined for whatever could be read in two ways: lists, spaces, control characters, user names, empty
 * ports (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
 */
export function normalHost(value: string): string | undefined {
  if (value.length > MAX_LENGTH) return undefined;
  if (USUAL.test(value)) return value;
  const match = AUTHORITY.exec(value);
  if (!match) return undefined;
  const [, name, literal] = match;
  if (literal !== undefined) return literal.toLowerCase();
  const lower = (name ?? "").toLowerCase();
  const host = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  return host === "" || host.startsWith(".") || host.includes("..") ? undefined : host;
}

/** 255 for the name (RFC 1035), 6 for the port. */
const MAX_LENGTH = 261;
/** A name that is in its normal form already: by far the most frequent, and nothing has to be cut out of it. */
const USUAL = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
/** Registered name or IPv6 literal, then an optional port. The underscore occurs in real host names. */
const AUTHORITY = /^(?:([a-z0-9._-]+)|(\[[0-9a-f:.]+\]))(?::\d{1,5})?$/i;
