import { isIP } from "node:net";
import { isHostName } from "../config/values/host-pattern.ts";
import type { HostStanding } from "./route-lookup.ts";

/** What is answered to "may there be a certificate for this domain?", as metrics count it. */
export type CertificateAnswer = "allowed" | "unknown" | "gone" | "not_listed" | "malformed" | "untrusted";

/** An answer, with the words for who looks by hand and for the log. */
export interface CertificateReply {
  readonly answer: CertificateAnswer;
  readonly status: 200 | 400 | 403 | 404 | 503;
  readonly message: string;
}

/** What the answer depends on. */
export interface CertificateFacts {
  /** Host in its normal form. */
  standing(host: string): HostStanding;
  /** Every engine was listed, so that an unknown host is really unknown. */
  readonly settled: boolean;
  /** Where Wakegate itself is reached by visitors, if that was said. */
  readonly publicUrl: string | undefined;
}

/** A domain has 253 characters at most; what the operator may have written beside it is short too. */
const MAX_URL = 2_048;

/**
 * Answers Caddy's question before it gets a certificate during a handshake: `?domain=NAME`, 200 allows. Whoever
 * opens a connection chooses the name, so nothing is woken, and only what has a route is allowed. Pure.
 */
export function answerCertificateQuestion(url: string, facts: CertificateFacts): CertificateReply {
  const asked = domainOf(url);
  if (asked === undefined) {
    return reply("malformed", 400, "expected one query parameter: domain, the name in the TLS handshake");
  }
  const host = certificateName(asked);
  if (host === undefined) return reply("unknown", 404, `${quote(asked)} is no domain that targets can have`);
  const standing = facts.standing(host);
  if (standing === "served") return reply("allowed", 200, `${host} belongs to a target`);
  if (host === hostOf(facts.publicUrl)) return reply("allowed", 200, `${host} is the host of public_url`);
  if (!facts.settled)
    return reply("not_listed", 503, `${host} may be a target's: not every engine was listed yet`);
  if (standing === "gone") return reply("gone", 404, `${host} belongs to no container any more`);
  return reply("unknown", 404, `no target has the host ${host}`);
}

/** Who asks is none of `trusted_proxies`. */
export function refuseAsker(peer: string): CertificateReply {
  return reply("untrusted", 403, `${peer} is none of trusted_proxies: add the address that Caddy asks from`);
}

function reply(
  answer: CertificateAnswer,
  status: CertificateReply["status"],
  message: string,
): CertificateReply {
  return { answer, status, message };
}

/** The one domain that the query names; undefined where it names none, or more than one could be meant. */
function domainOf(url: string): string | undefined {
  const query = url.indexOf("?");
  if (query === -1 || url.length > MAX_URL) return undefined;
  const [domain, ...others] = new URLSearchParams(url.slice(query)).getAll("domain");
  return domain === "" || others.length > 0 ? undefined : domain;
}

/**
 * As routes are written. A handshake without a name makes Caddy ask for the address that was called: no
 * certificate is given for addresses.
 */
function certificateName(domain: string): string | undefined {
  const host = domain.toLowerCase().replace(/\.$/, "");
  return isHostName(host) && isIP(host) === 0 ? host : undefined;
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).hostname;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
