import type { Json } from "./json.ts";

/** What Traefik takes at most: MaxInt less a thousand for its own routers. */
const HIGHEST = 2n ** 63n - 1n - 1000n;

/**
 * One above what Traefik gives the label's own router, so that ours goes first and the user's takes over
 * again when ours is gone: the router's priority, and where it has none or 0 what Traefik computes in its
 * place. What JSON cannot hold exactly is text, which Traefik reads as well.
 */
export function priorityAbove(priority: Json | undefined, computed: number): number | string {
  const own = typeof priority === "number" || typeof priority === "string" ? BigInt(priority) : 0n;
  const above = (own === 0n ? BigInt(computed) : own) + 1n;
  // 0 would mean "computed".
  const fit = above === 0n ? 1n : above > HIGHEST ? HIGHEST : above;
  return Number.isSafeInteger(Number(fit)) ? Number(fit) : fit.toString();
}

/** What Traefik computes for an HTTP router: the bytes of its rule. */
export function computedPriority(rule: string): number {
  return Buffer.byteLength(rule);
}

/** The same for a TCP router, in which a rule for everything comes last of all (`pkg/muxer/tcp`). */
export function computedTcpPriority(rule: string): number {
  return /^\s*HostSNI\s*\(\s*(?:`\*`|"\*")\s*\)\s*$/i.test(rule) ? -1 : Buffer.byteLength(rule);
}
