import { DeadlineError } from "../../lib/signals.ts";
import { connectionFailure, type Server } from "../connection-failure.ts";
import { ExchangeError } from "../exchange.ts";
import { ProviderError, type ProviderErrorCode } from "../provider.ts";
import { grantOf, type Right } from "./rights.ts";

/** A `Status` of the API server that tells a failure. Never leaves the provider but as a cause. */
export class KubeFailure extends Error {
  override readonly name = "KubeFailure";
  /** HTTP status. */
  readonly status: number;
  /** One word of the API: `NotFound`, `Conflict`, `Expired`, `Forbidden` … Empty where it gave none. */
  readonly reason: string;
  /** How long the server wants to be left alone, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a failure is told with. */
export interface FailureContext {
  readonly engine: string;
  /** `https://10.43.0.1:443`. */
  readonly url: string;
  /** `the service account wakegate/wakegate`. */
  readonly who: string;
  /** What was asked. */
  readonly right: Right;
  /** Of what: `web/deployment/blog`, or a namespace. */
  readonly what: string;
}

/** Translates whatever a call threw into the one error that leaves the provider. */
export function translate(error: unknown, context: FailureContext): ProviderError {
  if (error instanceof ProviderError) return error;
  const { engine, url, right, what } = context;
  const make = (code: ProviderErrorCode, message: string): ProviderError =>
    new ProviderError(code, engine, `engine ${engine}: ${message}`, { cause: error });
  if (error instanceof KubeFailure) return make(...fromStatus(error, context));
  if (error instanceof DeadlineError)
    return make(
      "engine_timeout",
      `${url} did not answer ${right.verb} ${right.resource} within ${String(error.afterMs)} ms (${what})`,
    );
  return make(...connectionFailure(error instanceof ExchangeError ? error.cause : error, serverAt(url)));
}

function fromStatus(
  { status, reason, message }: KubeFailure,
  { who, right, what }: FailureContext,
): readonly [ProviderErrorCode, string] {
  switch (status) {
    case 401:
      return [
        "engine_forbidden",
        `${who} is not let in (401): its token or certificate is wrong, expired or withdrawn. Make a new one: kubectl create token wakegate -n wakegate --duration=8760h`,
      ];
    case 403:
      return [
        "engine_forbidden",
        `${who} may not ${right.verb} ${right.resource} (${message}). Add to its role: ${grantOf(right)}`,
      ];
    case 404:
      return [
        "not_found",
        reason === "NotFound"
          ? message
          : `the API server has no ${right.resource}: the API that they belong to is not installed`,
      ];
    case 409:
      return ["engine_failed", `somebody else changed ${what} at the same time, again and again: ${message}`];
    case 429:
      return ["engine_failed", `the API server has too much to do: ${message}`];
    default:
      return ["engine_failed", `${right.verb} ${right.resource} failed with ${String(status)}: ${message}`];
  }
}

/** What is advised where the API server is not reached. */
function serverAt(url: string): Server {
  return {
    url,
    whenRefused: "does the API server run?",
    whenUnreachable: "check address, network, firewall and NetworkPolicy",
    whenOtherName: "use a name or address in the certificate as the cluster's server, or add tls-server-name",
    whenUntrusted: "the kubeconfig needs the cluster's certificate-authority",
  };
}

/** The HTTP status behind an error of the provider, where there was one. */
export function statusOf(error: unknown): number | undefined {
  const { cause } = error instanceof ProviderError ? error : {};
  return cause instanceof KubeFailure ? cause.status : undefined;
}

/** Somebody else changed the object since it was read. */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

/**
 * A right is missing, or there is no such kind of object. An API server that starts also answers so for a while, before
 * it has read its roles.
 */
export function isRefused(error: unknown): boolean {
  const status = statusOf(error);
  return status === 403 || status === 404;
}

/** The history is not kept that far back: everything has to be listed once more. */
export function isGone(error: unknown): boolean {
  return statusOf(error) === 410;
}
