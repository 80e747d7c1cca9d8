import { messageOf } from "../errors.ts";
import type { ProviderErrorCode } from "./provider.ts";

/** A server that is reached over TLS, and what its operator is advised to do. */
export interface Server {
  /** `https://pve1.lan:8006`. */
  readonly url: string;
  readonly whenRefused: string;
  readonly whenUnreachable: string;
  readonly whenOtherName: string;
  readonly whenUntrusted: string;
}

/** What a connection's failure means, as code and words. Pure. */
export function connectionFailure(error: unknown, server: Server): readonly [ProviderErrorCode, string] {
  const { code = "" } = (error ?? {}) as NodeJS.ErrnoException;
  const { url } = server;
  switch (code) {
    case "ECONNREFUSED":
      return ["engine_unreachable", `nothing listens at ${url}: ${server.whenRefused}`];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["engine_unreachable", `the name in ${url} is unknown: check its spelling`];
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return ["engine_unreachable", `${url} cannot be reached (${code}): ${server.whenUnreachable}`];
    default:
  }
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_|DEPTH_|SELF_SIGNED)/.test(code))
    return ["engine_unreachable", `TLS with ${url} failed: ${tlsWords(code, error, server)} (${code})`];
  if (code.startsWith("HPE_")) return ["engine_incompatible", `${url} does not answer in HTTP`];
  if (code === "ECONNRESET" || code === "EPIPE" || /hang up|aborted|terminated/i.test(messageOf(error)))
    return ["engine_unreachable", `${url} closed the connection in the middle of an answer`];
  return ["engine_failed", messageOf(error)];
}

function tlsWords(code: string, error: unknown, { whenOtherName, whenUntrusted }: Server): string {
  if (code.includes("ALTNAME_INVALID")) return `its certificate is for another name: ${whenOtherName}`;
  if (code.includes("HAS_EXPIRED")) return "its certificate has expired";
  if (/UNABLE_TO|SELF_SIGNED|UNTRUSTED|DEPTH_ZERO|SIGNATURE_FAILURE/.test(code))
    return `its certificate is not trusted: ${whenUntrusted}`;
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|EPROTO/.test(code)) return "it does not speak TLS at this port";
  return messageOf(error);
}
