import type { IncomingMessage, ServerResponse } from "node:http";
import type { Settings } from "../config/model.ts";
import { messageOf } from "../errors.ts";
import { ASLEEP_STATUS } from "../publish/traefik/monitor-status.ts";
import type { DirectoryEntry, Gate, TargetDirectory, TargetHandle } from "../watchers/handle.ts";
import { explain, guardHeaders, send, type Answer } from "./answers.ts";
import type { Ask, Endpoint } from "./ask.ts";
import { AUTHZ_PREFIX, parseAuthzPath } from "./authz-path.ts";
import type { Verdict } from "./decide.ts";
import {
  AMBIGUOUS_PATH,
  explainAwake,
  explainMalformed,
  explainRemoved,
  FAULT,
  SHUTTING_DOWN,
  UNTRUSTED_PEER,
  WRONG_ADDRESS,
  stateWord,
} from "./explanations.ts";
import { waitFor, type Holds } from "./holds.ts";
import { inBandRequest } from "./in-band.ts";
import type { OwnHandlers, OwnParts } from "./own-handlers.ts";
import type { Probes } from "./probes.ts";
import type { Judge } from "./judge.ts";
import { isOwnPath } from "./own-path.ts";
import { bareAsker, deny, RefusalLog, reject, tell } from "./refusals.ts";
import { isSafe, parseFacts } from "./request-facts.ts";
import type { Lookup } from "./route-lookup.ts";
import type { Settling } from "./settling.ts";
import type { TrustedPeers } from "./trusted-peers.ts";
import { createUnserved } from "./unserved.ts";
import { verdictAnswer } from "./verdict-answer.ts";

/** What the endpoint works with. */
export interface EndpointParts extends OwnParts {
  readonly directory: TargetDirectory;
  readonly holds: Holds;
  readonly judge: Judge;
  readonly settling: Settling;
  /** The doctor's. */
  readonly probes: Probes;
  readonly own: OwnHandlers;
  /** Counted up in place: every verdict passes here, so it has to cost nothing. */
  readonly verdicts: VerdictCounts;
  trusted(): TrustedPeers;
  /** Read anew for each request, so that a reload needs no restart. */
  settings(): Pick<Settings, "unknownHosts" | "publicUrl">;
}

/** How many verdicts of each kind were given. */
export type VerdictCounts = Record<Exclude<Verdict["kind"], "own">, number>;

const ASLEEP: Answer = { status: ASLEEP_STATUS, headers: guardHeaders("napping"), body: "" };

/** A hold that ends so late: the process stood still, and so did the wake that the request waits for... */
const STALLED_MS = 1_000;
/** ...which gets so long to end after all. */
const AFTER_STALL_MS = 5_000;

/**
 * The handler of `/api/authz/…`. A request to a ready target is answered within the call: no promise, no
 * timer, no I/O.
 */
export function createEndpoint(parts: EndpointParts): Endpoint {
  const { clock, judge: mind } = parts;
  const refusals = new RefusalLog(clock, parts.log);

  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const url = req.url ?? "";
    const at = url.startsWith(AUTHZ_PREFIX) ? parseAuthzPath(url) : undefined;
    const trusted = parts.trusted();
    if (parts.probes.authz(req, res, at, trusted)) return;
    if (!at) return send(res, explain(WRONG_ADDRESS, bareAsker(req)));
    const peer = req.socket.remoteAddress;
    if (peer === undefined || !trusted.has(peer)) {
      refusals.untrusted(peer ?? "an unknown address");
      return reject(req, res, at, UNTRUSTED_PEER);
    }
    const parsed = parseFacts(req.rawHeaders, peer, at.dialect, trusted);
    if (!parsed.ok) {
      refusals.malformed(peer, parsed.wrong);
      return reject(req, res, at, explainMalformed(parsed.wrong));
    }
    const ask: Ask = { at, facts: parsed.facts, standing: undefined, req, res };
    if (isOwnPath(ask.facts.path)) return ownPath(ask);
    answer(ask);
  };

  const answer = (ask: Ask): void => {
    const found = find(ask);
    if (typeof found === "object") return question(ask, found);
    if (found === "ambiguous") return tell(ask, AMBIGUOUS_PATH);
    unserved(ask, found);
  };

  const find = ({ at, facts }: Ask): Lookup =>
    at.target === undefined
      ? parts.lookup.find(facts.host, facts.path, facts.alternativePath)
      : (parts.lookup.byName(at.target) ?? "unknown");

  const question = (ask: Ask, entry: DirectoryEntry): void => {
    const target = entry.handle;
    if (!target) return unserved(ask, entry);
    ask.standing = mind.arrives(ask.facts, target, ask.at.role === "answer");
    // After nginx's 401 the wait is over: what is left is to say so. A body that came to us is lost anyway.
    const late = ask.at.role === "answer" || (ask.at.role === "redirect" && !isSafe(ask.facts));
    const verdict = judge(ask, target, late ? Infinity : 0, true);
    if (verdict.kind === "pass") return pass(ask, target, verdict.counts);
    if (verdict.kind !== "hold") return settle(ask, target, verdict);
    guard(ask, hold(ask, target));
  };

  const judge = (ask: Ask, target: TargetHandle, heldMs: number, mayHold: boolean): Verdict =>
    mind.verdict(ask.facts, target, ask.standing, { heldMs, mayHold, rule: ask.rule });

  /** The only place where a 2xx is written for a target. */
  const pass = (ask: Ask, target: TargetHandle, counts: boolean): void => {
    const { at, facts, standing, res } = ask;
    if (at.role === "answer" || at.role === "redirect") return settle(ask, target, { kind: "pass", counts });
    parts.verdicts.pass++;
    mind.passes(facts, target, standing, counts);
    if (at.role === "permit") res.statusCode = 204;
    res.end();
  };

  /** Waits beside the target's changes and asks again after each, until the verdict is another. */
  const hold = async (ask: Ask, first: TargetHandle): Promise<void> => {
    const { facts, res } = ask;
    parts.verdicts.hold++;
    const name = first.spec.name;
    let since = ask.heldSince ?? clock.monotonic();
    using place = parts.holds.take(name);
    let target = first;
    let lease = target.lease("held request");
    let woken: Gate | undefined;
    try {
      for (;;) {
        const verdict = judge(ask, target, clock.monotonic() - since, place !== undefined);
        if (verdict.kind === "pass") return pass(ask, target, verdict.counts);
        if (verdict.kind !== "hold") return settle(ask, target, verdict);
        const { gate } = target;
        if (verdict.wake && gate !== woken) {
          mind.wakes(facts, target, ask.standing);
          woken = target.gate;
        }
        if (target.gate === gate) {
          const now = clock.monotonic();
          const ms = verdict.untilMs - (now - since);
          const changes = [target.changed, parts.lookup.changed];
          const end = await waitFor({ clock, ms, changes, res, closing: parts.closing });
          if (end === "gone") return;
          if (end === "closing") return tell(ask, SHUTTING_DOWN);
          const late = clock.monotonic() - now - ms;
          if (late > STALLED_MS) since += late + AFTER_STALL_MS;
        }
        const next = find(ask);
        if (typeof next !== "object") return tell(ask, explainRemoved(first.spec.displayName));
        if (!next.handle) return unserved(ask, next, "held already");
        if (next.handle !== target) {
          lease[Symbol.dispose]();
          target = next.handle;
          lease = target.lease("held request");
        }
      }
    } finally {
      lease[Symbol.dispose]();
    }
  };

  const settle = (ask: Ask, target: TargetHandle, verdict: Exclude<Verdict, { kind: "hold" }>): void => {
    if (verdict.kind !== "pass" && verdict.kind !== "own") parts.verdicts[verdict.kind]++;
    if ("wake" in verdict && verdict.wake) mind.wakes(ask.facts, target, ask.standing);
    if ("reason" in verdict && verdict.reason === "too_many_wakes") mind.refuses(ask.facts, target);
    if (ask.at.role === "permit") return deny(ask.res, stateWord(target.gate));
    const { facts } = ask;
    const naps = target.gate.kind === "asleep" && "wake" in verdict && !verdict.wake;
    if (ask.at.role === "monitor" && naps) return send(ask.res, ASLEEP);
    if (verdict.kind === "pass" && ask.at.role === "redirect" && !isSafe(facts)) {
      return send(ask.res, explain(explainAwake(target), facts));
    }
    send(ask.res, verdictAnswer(parts, parts.settings().publicUrl, facts, target, verdict));
  };

  const ownPath = (ask: Ask): void => {
    if (ask.at.role === "permit") return deny(ask.res);
    const body = ask.at.role === "answer" ? ask.req : undefined;
    guard(ask, parts.own.handle(inBandRequest(ask.facts, body), ask.res));
  };

  const unserved = createUnserved(parts, {
    find,
    question,
    guard: (ask, work) => guard(ask, work),
  });

  /** A fault of ours must not leave a request waiting, and must not read as a pass. */
  const guard = (ask: Ask, work: Promise<void>): void => {
    work.catch((error: unknown) => {
      parts.log.error("forward_auth_failed", messageOf(error), { error, host: ask.facts.host });
      if (ask.res.headersSent) ask.res.destroy();
      else tell(ask, FAULT);
    });
  };

  const authz = (req: IncomingMessage, res: ServerResponse): void => {
    try {
      handle(req, res);
    } catch (error) {
      parts.log.error("forward_auth_failed", messageOf(error), { error });
      if (res.headersSent) res.destroy();
      else send(res, explain(FAULT, bareAsker(req)));
    }
  };
  return { authz, answer };
}
