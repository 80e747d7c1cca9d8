import type { Json } from "./json.ts";

/** What Traefik takes at most: MaxInt less a thousand for its own routers. */
const HIGHEST = 2n ** 63n - 1n - 1000n;

/**
 * One above what Traefik gives the label's own router, so that ours goes first and the user's takes over
 * again when ours is gone: the router's priority, and where it has none or 0 the bytes of its rule. What JSON
 * cannot hold exactly is text, which Traefik reads as well.
 */
export function priorityAbove(rule: string, priority: Json | undefined): number | string {
  const own = typeof priority === "number" || typeof priority === "string" ? BigInt(priority) : 0n;
  const effective = own === 0n ? BigInt(Buffer.byteLength(rule)) : own;
  // 0 would mean "by the rule's length".
  const above = effective + 1n === 0n ? 1n : effective + 1n;
  const kept = above > HIGHEST ? HIGHEST : above;
  return Number.isSafeInteger(Number(kept)) ? Number(kept) : kept.toString();
}
