import type { Arrival } from "../forward-auth/probes.ts";
import type { Probed } from "./scene.ts";

type AuthzArrival = Extract<Arrival, { door: "authz" }>;

/** What became of one probe. */
export type Outcome =
  /** The proxy asked whether it may pass, as it should. */
  | { readonly kind: "asked"; readonly arrivals: readonly AuthzArrival[] }
  /** The proxy asked, but at an address that is none of ours. */
  | { readonly kind: "wrong-address"; readonly path: string; readonly peer: string }
  /** The proxy sent the visitor himself to the public listener. */
  | { readonly kind: "catch-all" }
  /** Somebody wants a login first; what stands behind it cannot be seen. */
  | { readonly kind: "login"; readonly to: string }
  /** Only a redirection of the proxy to another scheme or spelling of the same host. */
  | { readonly kind: "elsewhere"; readonly to: string }
  /** An answer, and Wakegate was not asked. */
  | { readonly kind: "passed"; readonly status: number }
  | { readonly kind: "unreachable"; readonly message: string };

/** Judges one probe. Pure. */
export function outcomeOf({
  arrivals,
  reply,
  host,
  path,
}: Pick<Probed, "arrivals" | "reply" | "host" | "path">): Outcome {
  const asked = arrivals.filter((arrival): arrival is AuthzArrival => arrival.door === "authz");
  if (asked.length > 0) return { kind: "asked", arrivals: asked };
  for (const arrival of arrivals) {
    if (arrival.door === "internal") return { kind: "wrong-address", path: arrival.path, peer: arrival.peer };
    if (arrival.door === "public") return { kind: "catch-all" };
  }
  if (reply.kind === "failed") return { kind: "unreachable", message: reply.message };
  const { status, location } = reply;
  if (status === 401 || status === 403) return { kind: "login", to: `status ${String(status)}` };
  if (status < 300 || status >= 400 || location === undefined) return { kind: "passed", status };
  const to = URL.canParse(location, `https://${host}`) ? new URL(location, `https://${host}`) : undefined;
  if (!to) return { kind: "passed", status };
  if (to.hostname !== host) return { kind: "login", to: to.hostname };
  // To another path it is an app's own "log in here", and to the same one over TLS the proxy's.
  const toTls = /^https:/i.test(location) && to.pathname === path;
  return toTls ? { kind: "elsewhere", to: location } : { kind: "passed", status };
}
