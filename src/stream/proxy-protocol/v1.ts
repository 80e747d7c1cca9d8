import { isIP } from "node:net";
import { ProxyHeaderError, type ProxyHeader } from "./header.ts";

/** The longest line that the protocol allows, its end included. */
const LONGEST = 107;

/**
 * Reads `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n`.
 *
 * @returns undefined while its end is missing.
 * @throws ProxyHeaderError when it breaks the rules.
 */
export function parseV1(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, LONGEST).indexOf("\r\n");
  if (end === -1) {
    if (bytes.length >= LONGEST) throw new ProxyHeaderError("a PROXY line longer than 107 bytes");
    return undefined;
  }
  const length = end + 2;
  const line = bytes.toString("latin1", 0, end);
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { length };
  const match = /^PROXY (TCP4|TCP6) ([\da-fA-F.:]+) ([\da-fA-F.:]+) (\d{1,5}) (\d{1,5})$/.exec(line);
  const [, family, from = "", to = "", fromPort = "", toPort = ""] = match ?? [];
  const wanted = family === "TCP4" ? 4 : 6;
  if (!match || isIP(from) !== wanted || isIP(to) !== wanted)
    throw new ProxyHeaderError("a broken PROXY line");
  const [source, destination] = [Number(fromPort), Number(toPort)];
  if (source > 65_535 || destination > 65_535) throw new ProxyHeaderError("a broken port in the PROXY line");
  return { length, source: { address: from, port: source }, destination: { address: to, port: destination } };
}
