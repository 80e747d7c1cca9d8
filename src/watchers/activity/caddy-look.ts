import { messageOf } from "../../errors.ts";
import { deadline } from "../../lib/signals.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Evidence } from "./evidence.ts";
import { httpGet } from "./http-get.ts";

const TIMEOUT_MS = 2_000;

export interface CaddyLook {
  /** Base URL of the admin API. */
  readonly admin: string;
  /** Names and addresses under which Caddy may know the target. */
  readonly names: ReadonlySet<string>;
  readonly port: number | undefined;
  readonly clock: Clock;
}

/**
 * Asks Caddy how many requests it has in flight for the target; WebSockets and downloads count until they end.
 * A Caddy that does not answer says nothing: it is an extra, and the other signals still hold.
 *
 * @throws the signal's reason when it aborts.
 */
export async function lookAtCaddy(look: CaddyLook, signal: AbortSignal): Promise<Evidence> {
  using limit = deadline(look.clock, TIMEOUT_MS, "Caddy", signal);
  try {
    const url = new URL(`${look.admin}/reverse_proxy/upstreams`);
    const answer = await httpGet(url, { host: url.host }, limit.signal);
    if (answer.status !== 200) return blind(`Caddy answered ${String(answer.status)}`);
    return judge(JSON.parse(answer.body), look);
  } catch (error) {
    signal.throwIfAborted();
    return blind(`Caddy does not say: ${messageOf(error)}`);
  }
}

function judge(upstreams: unknown, { names, port }: CaddyLook): Evidence {
  if (!Array.isArray(upstreams)) return blind("Caddy's answer is not a list of upstreams");
  let known = false;
  let inFlight = 0;
  for (const upstream of upstreams as readonly unknown[]) {
    const { address, num_requests: requests } = (upstream ?? {}) as Record<string, unknown>;
    if (typeof address !== "string" || typeof requests !== "number") continue;
    const [, host = "", own] = /^(?:[a-z0-9]+:\/+)?\[?([^\]]*?)\]?(?::(\d+))?$/i.exec(address) ?? [];
    if (!names.has(host) || (port !== undefined && own !== undefined && Number(own) !== port)) continue;
    known = true;
    inFlight += requests;
  }
  if (!known) return blind("Caddy has no upstream for it");
  const numbers = { inFlight };
  if (inFlight === 0) return { source: "caddy", kind: "quiet", detail: "no request in flight", numbers };
  const detail = inFlight === 1 ? "1 request in flight" : `${String(inFlight)} requests in flight`;
  return { source: "caddy", kind: "in-use", detail, numbers };
}

function blind(detail: string): Evidence {
  return { source: "caddy", kind: "blind", detail };
}
