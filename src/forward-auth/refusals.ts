import type { IncomingMessage, ServerResponse } from "node:http";
import { explain, guardHeaders, send, type Asker, type Explanation, type StateWord } from "./answers.ts";
import type { Ask } from "./ask.ts";
import { plainAddress } from "../lib/address-blocks.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { Repeats } from "../lib/repeats.ts";
import type { AuthzPath } from "./authz-path.ts";

/** Before anything of the request was read: raw headers are not to be trusted with the form either. */
export function bareAsker(req: IncomingMessage): Asker {
  return { method: "GET", accept: req.headers.accept, grpc: false };
}

/** Turns away a call whose description of the request is not usable. */
export function reject(req: IncomingMessage, res: ServerResponse, at: AuthzPath, why: Explanation): void {
  if (at.role === "permit") return deny(res);
  send(res, explain(why, bareAsker(req)));
}

/**
 * nginx turns any status but 2xx, 401 and 403 into a 500; after 401 its `error_page` asks for the answer. By
 * X-Wakegate the recipe tells this 401 from those of logins.
 */
export function deny(res: ServerResponse, state: StateWord = "refused"): void {
  send(res, { status: 401, headers: guardHeaders(state), body: "" });
}

/** Says why a request is not let through. */
export function tell({ at, facts, res }: Pick<Ask, "at" | "facts" | "res">, why: Explanation): void {
  if (at.role === "permit") return deny(res, why.state);
  send(res, explain(why, facts));
}

/** The same fault of the same peer is logged once in this time. */
const REFUSED_EVERY_MS = 3_600_000;

/** Logs calls that are refused before any target is looked up: once an hour for each peer and fault. */
export class RefusalLog {
  readonly #log: Log;
  readonly #repeats: Repeats;

  constructor(clock: Clock, log: Log) {
    this.#log = log;
    this.#repeats = new Repeats(clock, REFUSED_EVERY_MS);
  }

  /** A peer that is none of `trusted_proxies`. */
  untrusted(peer: string): void {
    const address = plainAddress(peer);
    if (this.#repeats.pass(address) === undefined) return;
    const message = `${address} asks as a proxy and is refused with 403, because it is not in trusted_proxies. If it is your proxy, add its address there.`;
    this.#log.warn("peer_untrusted", message, { peer: address });
  }

  /** A trusted proxy whose description of a request cannot be used; `wrong` holds one phrase for each header. */
  malformed(peer: string, wrong: readonly string[]): void {
    const address = plainAddress(peer);
    // By the names of the headers alone: visitors choose the rest.
    const headers = wrong.map((phrase) => phrase.split(" ", 1)[0] ?? "").join(" ");
    if (this.#repeats.pass(`${address} ${headers}`) === undefined) return;
    const hint = wrong.some((phrase) => phrase.includes(" is a list ")) ? ` ${SECOND_PROXY}` : "";
    const message = `A request from the proxy at ${address} is refused with 400: ${wrong.join("; ")}.${hint}`;
    this.#log.warn("facts_refused", message, { peer: address, wrong });
  }
}

const SECOND_PROXY =
  "A second proxy in front of this one added a host of its own. Let the proxy that asks Wakegate send the host that it routes by: in Traefik trustForwardHeader: false at the forwardAuth middleware, in Caddy header_up X-Forwarded-Host {host} inside forward_auth.";
