import { messageOf } from "../../errors.ts";
import { DeadlineError } from "../../lib/signals.ts";
import { ProviderError, type ProviderErrorCode } from "../provider.ts";
import type { EngineAddress } from "./address.ts";

/** What can be asked of the engine; names the right that a socket proxy must grant. */
export type Verb =
  | "version"
  | "ping"
  | "list"
  | "inspect"
  | "events"
  | "start"
  | "stop"
  | "kill"
  | "pause"
  | "unpause"
  | "usage"
  | "logs"
  | "exec"
  | "commands"
  | "services"
  | "tasks"
  | "networks"
  | "scale";

/** How the common socket proxies (Tecnativa's and LinuxServer's) call the right. */
const RIGHTS: Readonly<Record<Verb, string>> = {
  version: "VERSION=1",
  ping: "PING=1",
  list: "CONTAINERS=1",
  inspect: "CONTAINERS=1",
  events: "EVENTS=1",
  start: "POST=1 and ALLOW_START=1",
  stop: "POST=1 and ALLOW_STOP=1",
  kill: "POST=1 and ALLOW_RESTARTS=1",
  pause: "POST=1 and CONTAINERS=1",
  unpause: "POST=1 and CONTAINERS=1",
  usage: "CONTAINERS=1",
  logs: "CONTAINERS=1",
  exec: "POST=1, CONTAINERS=1 and EXEC=1",
  commands: "EXEC=1",
  services: "SERVICES=1",
  tasks: "TASKS=1",
  networks: "NETWORKS=1",
  scale: "POST=1 and SERVICES=1",
};

/** What an operator reads where a connection ended before the answer did. */
const CUT = "closed the connection in the middle of an answer";

/** True where the engine took the call, and the connection ended before its answer did. */
export function isCut(error: unknown): boolean {
  return error instanceof ProviderError && error.message.endsWith(CUT);
}

const TLS_HINTS: readonly (readonly [RegExp, string])[] = [
  [/ALTNAME_INVALID/, "its certificate is for another name: use the name in the certificate as the address"],
  [/HAS_EXPIRED/, "its certificate has expired"],
  [
    /UNABLE_TO|SELF_SIGNED|UNTRUSTED|DEPTH_ZERO/,
    "its certificate is not trusted: give the CA that signed it as the engine's tls ca file",
  ],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|ALERT|HANDSHAKE/,
    "it refuses our client certificate: give the engine's tls cert and key files",
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH|EPROTO/,
    "it does not speak TLS at this port: use http:// or tcp:// without tls",
  ],
];

/** What to set on a socket proxy so that it lets this through. */
export function rightOf(verb: Verb): string {
  return RIGHTS[verb];
}

/** HTTP status of a failure that dockerode threw, if it came from the engine's answer. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** The engine's own words in a failure that dockerode threw. */
export function engineWords(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [a-z/ ]* - /, "")
    .trim();
}

/** Translates whatever a call to the engine threw into the one error that leaves the provider. */
export function translate(error: unknown, engine: string, address: EngineAddress, verb: Verb): ProviderError {
  if (error instanceof ProviderError) return error;
  const make = (code: ProviderErrorCode, message: string): ProviderError =>
    new ProviderError(code, engine, `engine ${engine}: ${message}`, { cause: error });
  if (error instanceof DeadlineError) {
    return make(
      "engine_timeout",
      `${address.text} did not answer "${verb}" within ${String(error.afterMs)} ms`,
    );
  }
  const status = statusOf(error);
  return status === undefined
    ? fromConnection(error, address, make)
    : fromStatus(status, engineWords(error), address, verb, make);
}

type Make = (code: ProviderErrorCode, message: string) => ProviderError;

function fromStatus(
  status: number,
  words: string,
  address: EngineAddress,
  verb: Verb,
  make: Make,
): ProviderError {
  if (status === 401 || status === 403) {
    const right = RIGHTS[verb];
    return make(
      "engine_forbidden",
      `${address.text} forbids "${verb}" (${String(status)}): set ${right} on the socket proxy`,
    );
  }
  if (status === 404) return make("not_found", words);
  if (status === 400 && /client version|API version|is too (new|old)/i.test(words))
    return make("engine_incompatible", words);
  if (status === 400 && /HTTP request to an HTTPS server/i.test(words)) {
    return make(
      "engine_unreachable",
      `${address.text} wants TLS: use https:// or give the engine's tls files`,
    );
  }
  if (/not a swarm manager/i.test(words)) {
    const message = `${address.text} is no manager of a swarm: run docker swarm init there, or give a manager's address`;
    return make("engine_incompatible", message);
  }
  if (status === 502 || status === 503 || status === 504) {
    return make(
      "engine_unreachable",
      `the proxy at ${address.text} does not reach the engine (${String(status)})`,
    );
  }
  return make("engine_failed", `"${verb}" failed (${String(status)}): ${words}`);
}

function fromConnection(error: unknown, address: EngineAddress, make: Make): ProviderError {
  const { code = "" } = (error ?? {}) as NodeJS.ErrnoException;
  const where = address.text;
  switch (code) {
    case "EACCES":
    case "EPERM":
      return make(
        "engine_forbidden",
        `no right to open ${where}: give Wakegate the socket's group (Compose: group_add: ["<number that stat -c %g prints for the socket>"]; without a container: run it as a user of the group docker), or use a socket proxy`,
      );
    case "ENOENT":
      return make(
        "engine_unreachable",
        `there is no socket at ${where}: is the engine running, and is the socket mounted into Wakegate's container at this path?`,
      );
    case "ECONNREFUSED":
      return make("engine_unreachable", `nothing listens at ${where}: is the engine running?`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return make(
        "engine_unreachable",
        `the name in ${where} is unknown: check its spelling, and that Wakegate shares a network with it`,
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return make(
        "engine_unreachable",
        `${where} cannot be reached (${code}): check the address, the network and the firewall`,
      );
    case "ENOTSOCK":
      return make("engine_unreachable", `${where} is no socket`);
    default:
  }
  const words = `${code} ${messageOf(error)}`;
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_|DEPTH_|SELF_SIGNED)/.test(code)) {
    const hint = TLS_HINTS.find(([pattern]) => pattern.test(words))?.[1] ?? messageOf(error);
    return make("engine_unreachable", `TLS with ${where} failed: ${hint} (${code})`);
  }
  if (code.startsWith("HPE_"))
    return make(
      "engine_unreachable",
      `${where} does not answer in HTTP: is it a Docker engine, and does it want TLS?`,
    );
  if (["ECONNRESET", "EPIPE"].includes(code) || /aborted|premature|hang up/i.test(words)) {
    return make("engine_unreachable", `${where} ${CUT}`);
  }
  return make("engine_failed", messageOf(error));
}
