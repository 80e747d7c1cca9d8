import { ProxyHeaderError, type Endpoint, type ProxyHeader } from "./header.ts";

const HEAD = 16;
/** Addresses take at most 216 bytes; the rest is additional fields. More than this nobody sends. */
const LONGEST_BODY = 4096;

/**
 * Reads a binary header. Additional fields are passed over.
 *
 * @returns undefined while bytes are missing.
 * @throws ProxyHeaderError when it breaks the rules.
 */
export function parseV2(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < HEAD) return undefined;
  const [command, family] = [bytes.readUInt8(12), bytes.readUInt8(13)];
  if (command >> 4 !== 2 || (command & 0x0f) > 1)
    throw new ProxyHeaderError("a PROXY header of unknown version");
  const body = bytes.readUInt16BE(14);
  if (body > LONGEST_BODY) throw new ProxyHeaderError("a PROXY header that is too long");
  const length = HEAD + body;
  if (bytes.length < length) return undefined;
  const local = (command & 0x0f) === 0;
  const address = bytes.subarray(HEAD, length);
  switch (family >> 4) {
    case 1:
      if (body < 12) throw new ProxyHeaderError("a PROXY header without its addresses");
      return local ? { length } : { length, ...ends(address, 4) };
    case 2:
      if (body < 36) throw new ProxyHeaderError("a PROXY header without its addresses");
      return local ? { length } : { length, ...ends(address, 16) };
    // No address (0), or that of a unix socket (3).
    default:
      return { length };
  }
}

function ends(address: Buffer, size: number): { source: Endpoint; destination: Endpoint } {
  const ports = address.subarray(2 * size);
  return {
    source: { address: textOf(address.subarray(0, size)), port: ports.readUInt16BE(0) },
    destination: { address: textOf(address.subarray(size, 2 * size)), port: ports.readUInt16BE(2) },
  };
}

function textOf(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join(".");
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  // The form that Node itself gives addresses, zeros drawn together.
  return new URL(`http://[${words.join(":")}]`).hostname.slice(1, -1);
}
