/** First twelve bytes of every PROXY protocol header of version 2 (haproxy.org, proxy-protocol.txt, section 2.2). */
export const PROXY_V2_SIGNATURE = Buffer.from([
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
]);

/** Version 2, command LOCAL, no family, no addresses. */
const LOCAL = Buffer.concat([PROXY_V2_SIGNATURE, Buffer.from([0x20, 0x00, 0x00, 0x00])]);
const UNKNOWN = Buffer.from("PROXY UNKNOWN\r\n", "latin1");

/**
 * The header of a connection that nobody else asked for, such as a health check: LOCAL in version 2, UNKNOWN in
 * version 1. Who reads it takes the connection's own ends for the client's.
 */
export function ownProxyHeader(version: "v1" | "v2"): Buffer {
  return version === "v1" ? UNKNOWN : LOCAL;
}
