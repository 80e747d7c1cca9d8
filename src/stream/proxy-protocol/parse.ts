import { PROXY_V2_SIGNATURE } from "../../lib/proxy-preface.ts";
import { ProxyHeaderError, type ProxyHeader } from "./header.ts";
import { parseV1 } from "./v1.ts";
import { parseV2 } from "./v2.ts";

const V1_START = Buffer.from("PROXY ");

/**
 * Reads a header of version 1 or 2 at the beginning of `bytes`, however they were cut.
 *
 * @returns undefined while bytes are missing.
 * @throws ProxyHeaderError when this cannot become a header.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (startsWith(bytes, PROXY_V2_SIGNATURE)) {
    return bytes.length < PROXY_V2_SIGNATURE.length ? undefined : parseV2(bytes);
  }
  if (startsWith(bytes, V1_START)) return parseV1(bytes);
  throw new ProxyHeaderError("no PROXY protocol header, which a proxy in accept_proxy must send");
}

/** Whether what is there agrees with `start`, as far as both go. */
function startsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}
