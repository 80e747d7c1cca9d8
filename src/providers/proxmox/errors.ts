import { DeadlineError } from "../../lib/signals.ts";
import { connectionFailure } from "../connection-failure.ts";
import { ProviderError, type ProviderErrorCode } from "../provider.ts";
import { plain } from "./plain.ts";

/** An answer of the API that is not good, as it came. Never leaves the provider. */
export class PveFailure extends Error {
  override readonly name = "PveFailure";
  readonly status: number;
  /** The API's own words: the message of the body, else the reason phrase. */
  readonly reason: string;
  /** Problems by parameter, of a 400. */
  readonly errors: Readonly<Record<string, string>>;

  constructor(status: number, reason: string, errors: Readonly<Record<string, string>> = {}) {
    super(`${String(status)} ${reason}`);
    this.status = status;
    this.reason = reason;
    this.errors = errors;
  }
}

/** A task that ended badly. */
export interface FailedTask {
  readonly upid: string;
  /** Its exit status: the error's text. */
  readonly exit: string;
  /** Its last lines, oldest first. */
  readonly log: readonly string[];
}

/** What the Proxmox provider throws: with the HTTP status and reason, or the task, where there was one. */
export class ProxmoxError extends ProviderError {
  readonly status?: number;
  readonly reason?: string;
  readonly task?: FailedTask;

  constructor(
    code: ProviderErrorCode,
    engine: string,
    message: string,
    facts: { readonly status?: number; readonly reason?: string; readonly task?: FailedTask } = {},
    options?: ErrorOptions,
  ) {
    super(code, engine, `engine ${engine}: ${message}`, options);
    if (facts.status !== undefined) this.status = facts.status;
    if (facts.reason !== undefined) this.reason = facts.reason;
    if (facts.task !== undefined) this.task = facts.task;
  }
}

/** Whose failure it is, for the message. */
export interface FailureContext {
  readonly engine: string;
  /** `https://pve1.lan:8006`. */
  readonly url: string;
  /** `the token wakegate@pve!power` or `the user wakegate@pve`. */
  readonly who: string;
  /** Without the user's token: what `pveum acl modify` takes. */
  readonly aclArgument: string;
  /** Method and path template, `GET /nodes/{}/lxc`. */
  readonly what: string;
}

/** Translates whatever a call threw into the one error that leaves the provider. */
export function translate(error: unknown, context: FailureContext): ProviderError {
  if (error instanceof ProviderError) return error;
  if (error instanceof PveFailure) return fromAnswer(error, context);
  const { engine, url, what } = context;
  if (error instanceof DeadlineError) {
    const message = `${url} did not answer ${what} within ${String(error.afterMs)} ms`;
    return new ProxmoxError("engine_timeout", engine, message, {}, { cause: error });
  }
  return fromConnection(error, context);
}

function fromAnswer(failure: PveFailure, context: FailureContext): ProxmoxError {
  const { status, reason } = failure;
  const make = (code: ProviderErrorCode, message: string): ProxmoxError =>
    new ProxmoxError(code, context.engine, message, { status, reason }, { cause: failure });
  switch (status) {
    case 401:
      return make("engine_forbidden", `${context.who} is refused (401 ${reason}): ${whyRefused(reason)}`);
    case 403:
      return make("engine_forbidden", forbidden(reason, context));
    case 400:
      return make("engine_failed", `${context.what} was refused: ${parameterWords(failure)}`);
    case 501:
      return make("engine_incompatible", `this Proxmox VE does not know ${context.what} (${reason})`);
    case 595:
    case 596:
    case 597:
    case 598:
    case 599:
      return make(
        "engine_unreachable",
        `${context.url} does not reach the node or daemon for ${context.what} (${String(status)} ${reason})`,
      );
    default:
  }
  if (isNotThere(failure)) return make("not_found", reason);
  if (status >= 300 && status < 400) {
    return make("engine_incompatible", `${context.url} redirects: give the address of the node itself`);
  }
  return make("engine_failed", reason || `${context.what} failed with ${String(status)}`);
}

/** The guest is not on the node that was asked, or the node is not there: it may have moved. */
export function isNotThere({ status, reason }: PveFailure): boolean {
  return (
    status === 500 && /^Configuration file '.*' does not exist|^hostname lookup '.*' failed/.test(reason)
  );
}

/** What the words of a 401 mean, in all versions of Proxmox VE. */
function whyRefused(reason: string): string {
  if (/No ticket/i.test(reason)) {
    return "no valid login was sent. A user with a second factor cannot log in here: use an API token";
  }
  if (/no such token/i.test(reason)) return "there is no such token: check token_id";
  if (/invalid token value/i.test(reason)) return "the token's secret is wrong: check token_secret";
  if (/no such user/i.test(reason)) return "there is no such user: check its name and realm";
  if (/csrf/i.test(reason)) return "the login went stale in the middle; it is renewed";
  if (/invalid PVE ticket/i.test(reason)) return "the login expired or is wrong";
  if (/^authentication failure/i.test(reason)) return "user or password is wrong";
  return "unknown, expired or disabled, or its secret is wrong";
}

function forbidden(reason: string, { who, aclArgument }: FailureContext): string {
  const [, path, right] = /\((\/[^,)]*),\s*([\w.|]+)/.exec(reason) ?? [];
  if (path === undefined || right === undefined) return `${who} may not do this (${reason})`;
  return `${who} lacks ${right} on ${path}, or there is no such guest: pveum acl modify ${path} ${aclArgument} --roles <a role with ${right}>`;
}

function parameterWords({ reason, errors }: PveFailure): string {
  const words = Object.entries(errors).map(([key, text]) => `${plain(key)}: ${plain(text)}`);
  return words.length > 0 ? words.join("; ") : reason;
}

function fromConnection(error: unknown, { engine, url }: FailureContext): ProxmoxError {
  const [code, message] = connectionFailure(error, {
    url,
    whenRefused: "is pveproxy running, and is the port right?",
    whenUnreachable: "check the address, the network and the firewall",
    whenOtherName: "use a name or address in the certificate as the url, or give its fingerprint",
    whenUntrusted: "give /etc/pve/pve-root-ca.pem of a node as ca_file, or its fingerprint",
  });
  return new ProxmoxError(code, engine, message, {}, { cause: error });
}
