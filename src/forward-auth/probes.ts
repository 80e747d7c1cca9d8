import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { plainAddress } from "../lib/address-blocks.ts";
import { guardHeaders, send } from "./answers.ts";
import type { AuthzPath } from "./authz-path.ts";
import { deny } from "./refusals.ts";
import { parseFacts, type RequestFacts } from "./request-facts.ts";
import type { TrustedPeers } from "./trusted-peers.ts";

/**
 * The headers by which a request of the doctor's is known wherever it arrives. The user agent says it as well: some
 * proxies pass on only the headers that they were told to.
 */
export function probeHeaders(secret: string): Readonly<Record<"X-Wakegate-Probe" | "User-Agent", string>> {
  return { "X-Wakegate-Probe": secret, "User-Agent": `Wakegate-Doctor ${secret}` };
}

/** Where and how a probe came to Wakegate, on the proxy's own word. */
export type Arrival = { readonly probe: string; readonly peer: string } & (
  | {
      /** As a question of forward-auth. */
      readonly door: "authz";
      readonly at: AuthzPath;
      readonly trusted: boolean;
      /** What the forwarded headers say of the request. */
      readonly facts?: ProbeFacts;
      /** What is wrong with them, one sentence each. */
      readonly wrong: readonly string[];
    }
  /** On the internal listener, at an address that is none of ours; or on the public one. */
  | { readonly door: "internal" | "public"; readonly path: string }
);

/** The part of the facts that says whether the proxy describes the request as it was sent. */
export type ProbeFacts = Pick<RequestFacts, "host" | "method" | "path" | "proto" | "client">;

/** Probes under way. Dispose it when their answers have come. */
export interface ProbeSession extends Disposable {
  /** The header's value for one probe. */
  secret(probe: string): string;
  readonly arrivals: readonly Arrival[];
}

const SECRET_BYTES = 24;

/**
 * Knows the doctor's probes among all requests: they are noted and turned away, and neither wake nor count. While
 * nobody probes, a request costs one comparison.
 */
export class Probes {
  readonly #sessions = new Set<{ readonly secret: Buffer; readonly arrivals: Arrival[] }>();

  /** Begins to look out for probes. */
  open(): ProbeSession {
    const session = { secret: randomBytes(SECRET_BYTES), arrivals: [] };
    this.#sessions.add(session);
    const text = session.secret.toString("base64url");
    return {
      secret: (probe) => `${text}.${probe}`,
      arrivals: session.arrivals,
      [Symbol.dispose]: () => void this.#sessions.delete(session),
    };
  }

  /** Answers a probe on `/api/authz/…`. False: it is none, go on. `at`: undefined for an address that is none of ours. */
  authz(
    req: IncomingMessage,
    res: ServerResponse,
    at: AuthzPath | undefined,
    trusted: TrustedPeers,
  ): boolean {
    const known = this.#sessions.size > 0 ? this.#known(req) : undefined;
    if (!known) return false;
    const { probe, peer, note } = known;
    if (!at) {
      note({ probe, peer, door: "internal", path: pathOf(req) });
      return false;
    }
    const parsed = parseFacts(req.rawHeaders, peer, at.dialect, trusted);
    note({
      probe,
      peer,
      door: "authz",
      at,
      trusted: trusted.has(peer),
      ...(parsed.ok && { facts: told(parsed.facts) }),
      wrong: parsed.ok ? [] : parsed.wrong,
    });
    if (at.role === "permit") deny(res, "probe");
    else answer(res);
    return true;
  }

  /** Notes a probe on any other path of the internal listener; the answer is as for everybody. */
  stray(req: IncomingMessage): void {
    const known = this.#sessions.size > 0 ? this.#known(req) : undefined;
    known?.note({ probe: known.probe, peer: known.peer, door: "internal", path: pathOf(req) });
  }

  /** Answers a probe on the public listener. False: it is none, go on. */
  visitor(req: IncomingMessage, res: ServerResponse): boolean {
    const known = this.#sessions.size > 0 ? this.#known(req) : undefined;
    if (!known) return false;
    known.note({ probe: known.probe, peer: known.peer, door: "public", path: pathOf(req) });
    answer(res);
    return true;
  }

  #known(req: IncomingMessage) {
    const header =
      req.headers["x-wakegate-probe"] ?? /^Wakegate-Doctor (\S+)$/.exec(req.headers["user-agent"] ?? "")?.[1];
    const [text = "", probe = ""] = typeof header === "string" ? header.split(".", 2) : [];
    const given = Buffer.from(text, "base64url");
    for (const { secret, arrivals } of this.#sessions) {
      if (given.length !== secret.length || !timingSafeEqual(given, secret)) continue;
      const peer = plainAddress(req.socket.remoteAddress ?? "");
      return { probe, peer, note: (arrival: Arrival): void => void arrivals.push(arrival) };
    }
    return undefined;
  }
}

function told({ host, method, path, proto, client }: RequestFacts): ProbeFacts {
  return { host, method, path, proto, client };
}

/** Never 2xx, so that no proxy lets it pass; and none of the statuses that proxies try again. */
function answer(res: ServerResponse): void {
  send(res, { status: 403, headers: guardHeaders("probe"), body: "" });
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "";
}
