import type { IncomingMessage, ServerResponse } from "node:http";
import type { Settings } from "../config/model.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { TargetDirectory } from "../watchers/handle.ts";
import { createCatchAll } from "./catch-all.ts";
import { createEndpoint, type EndpointParts, type VerdictCounts } from "./endpoint.ts";
import { createEventIds } from "./event-ids.ts";
import { createEventStreams } from "./event-stream.ts";
import { answerCertificateQuestion, refuseAsker, type CertificateReply } from "./certificate-question.ts";
import { Closing, Holds } from "./holds.ts";
import { Judge } from "./judge.ts";
import type { PageRenderer } from "./page/render.ts";
import { createOwnHandlers, type OwnParts } from "./own-handlers.ts";
import { Pollers } from "./pollers.ts";
import { Probes } from "./probes.ts";
import { createPublicHandler } from "./public-request.ts";
import { createRouteLookup } from "./route-lookup.ts";
import { createSettling } from "./settling.ts";
import { createTokenSigner } from "./tokens.ts";
import { createTrustedPeers } from "./trusted-peers.ts";

/** The settings that forward-auth follows. */
export type ForwardAuthSettings = Pick<
  Settings,
  "trustedProxies" | "unknownHosts" | "publicUrl" | "limits" | "wakeRate"
> &
  Partial<Pick<Settings, "catchAll">>;

/** What forward-auth is built from. */
export interface ForwardAuthOptions {
  readonly settings: ForwardAuthSettings;
  readonly directory: TargetDirectory;
  readonly clock: Clock;
  /** Signs the tokens of the loading page; see `loadOrCreateKey`. */
  readonly key: Uint8Array;
  readonly renderer: PageRenderer;
  readonly log: Log;
}

/** The two doors of forward-auth and its shut-down. */
export interface ForwardAuth extends AsyncDisposable {
  /** For `/api/authz/…` of the internal listener. Answers a ready target without a promise or a timer. */
  authz(req: IncomingMessage, res: ServerResponse): void;
  /** Whether this peer is one of `trusted_proxies`. */
  trusts(peer: string): boolean;
  /**
   * Whether Caddy may get a certificate for the domain in the query of `url`, and whether `peer` may ask. Soon after
   * the start it waits until that can be known, unless `res` is closed. Never rejects.
   */
  certificate(url: string, peer: string, res: ServerResponse): Promise<CertificateReply>;
  /** For `/.wakegate/…` of the public listener. */
  visitor(req: IncomingMessage, res: ServerResponse): void;
  /** For all else on the public listener: 404, unless `catch_all` is on. */
  catchAll(req: IncomingMessage, res: ServerResponse): void;
  /** Takes over changed settings, limits excepted: those need a restart. */
  reconfigure(settings: ForwardAuthSettings): void;
  /** Held requests and open streams, for metrics. */
  readonly held: number;
  readonly streams: number;
  /** The doctor's requests among all others. */
  readonly probes: Probes;
  /** Who polls which target, for people's questions. */
  readonly pollers: Pollers;
  /** Verdicts given so far, by kind. */
  readonly verdicts: Readonly<VerdictCounts>;
}

/**
 * Builds forward-auth. Dispose it before the listeners: held requests, polls and streams then end with a
 * clear answer, and what comes later is told to come again.
 *
 * @throws RangeError when `trustedProxies` holds something that is no CIDR block.
 */
export function createForwardAuth(options: ForwardAuthOptions): ForwardAuth {
  const { directory, clock, key, renderer, log } = options;
  let { settings } = options;
  let trusted = createTrustedPeers(settings.trustedProxies);
  const lookup = createRouteLookup(directory, (duplicates) => {
    for (const { host, prefix, winner, loser, because } of duplicates) {
      const message = `${host}${prefix} is claimed by ${winner} and ${loser}. ${winner} gets it: ${because}. Give one of them another host or path.`;
      log.warn("route_duplicate", message, { host, prefix, winner, loser });
    }
  });
  const { limits } = settings;
  const ids = createEventIds(clock.now());
  const streams = createEventStreams({ clock, ids, lookup });
  const stop = new AbortController();
  const own: OwnParts = {
    clock,
    ids,
    lookup,
    renderer,
    streams,
    log,
    tokens: createTokenSigner(key, clock),
    closing: new Closing(),
    places: new Holds({ holdsPerTarget: limits.streams, holds: limits.streams }),
  };
  const handlers = createOwnHandlers(own);
  const pollers = new Pollers(clock);
  const probes = new Probes();
  const holds = new Holds(limits);
  const settling = createSettling({ ...own, directory, stopped: stop.signal });
  const parts: EndpointParts = {
    ...own,
    directory,
    own: handlers,
    holds,
    settling,
    probes,
    judge: new Judge({ clock, log, pollers, wakeRate: () => settings.wakeRate }),
    verdicts: { pass: 0, hold: 0, page: 0, wait: 0, refuse: 0 },
    trusted: () => trusted,
    settings: () => settings,
  };
  const endpoint = createEndpoint(parts);
  const catchAll = createCatchAll({ ...parts, endpoint, mode: () => settings.catchAll ?? "off" });
  const visitor = createPublicHandler(handlers, log);
  return {
    pollers,
    authz: endpoint.authz,
    probes,
    catchAll: (req, res) => void (probes.visitor(req, res) || catchAll(req, res)),
    visitor: (req, res) => void (probes.visitor(req, res) || visitor(req, res)),
    trusts: (peer) => trusted.has(peer),
    async certificate(url, peer, res) {
      if (!trusted.has(peer)) return refuseAsker(peer);
      const answer = (): CertificateReply =>
        answerCertificateQuestion(url, {
          standing: (host) => lookup.standing(host),
          settled: directory.settled,
          publicUrl: settings.publicUrl,
        });
      const first = answer();
      if (first.answer !== "not_listed" || !settling.goesOn) return first;
      using place = holds.take("");
      if (place) await settling.until(() => answer().answer !== "not_listed", res);
      return answer();
    },
    reconfigure(next) {
      const before = trusted;
      trusted = createTrustedPeers(next.trustedProxies);
      before[Symbol.dispose]();
      settings = next;
    },
    get held() {
      return holds.total;
    },
    get streams() {
      return streams.size;
    },
    verdicts: parts.verdicts,
    [Symbol.asyncDispose]() {
      stop.abort(new Error("forward-auth is closed"));
      own.closing.close();
      streams[Symbol.dispose]();
      lookup[Symbol.dispose]();
      trusted[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
