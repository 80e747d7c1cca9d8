import { BlockList, isIP } from "node:net";
import { SnapshotCache } from "../lib/cache.ts";

/** Answers whether an address belongs to a trusted proxy. Holds a small cache: dispose it. */
export interface TrustedPeers extends Disposable {
  /** `address` as the socket or a header gives it; IPv4 in IPv6 (`::ffff:10.0.0.1`) counts as IPv4. */
  has(address: string | undefined): boolean;
}

/** Enough for every proxy and the clients of a busy hour; beyond, the cache starts anew. */
const MAX_ADDRESSES = 4096;

/**
 * Parses CIDR blocks and single addresses once.
 *
 * @throws RangeError naming the entry that is neither.
 */
export function createTrustedPeers(blocks: readonly string[]): TrustedPeers {
  const list = new BlockList();
  for (const block of blocks) addBlock(list, block);
  const known = new SnapshotCache<boolean>({ maxEntries: MAX_ADDRESSES });
  // Nearly every call is about the one proxy in front.
  let last: string | undefined;
  let lastTrusted = false;
  return {
    has(address) {
      if (address === undefined) return false;
      if (address === last) return lastTrusted;
      let trusted = known.get(address);
      if (trusted === undefined) {
        trusted = check(list, address);
        known.set(address, trusted);
      }
      last = address;
      lastTrusted = trusted;
      return trusted;
    },
    [Symbol.dispose]: () => known[Symbol.dispose](),
  };
}

function addBlock(list: BlockList, block: string): void {
  const [address = "", length, ...rest] = block.split("/");
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  const bits = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (family === 0 || rest.length > 0 || bits < 0 || bits > longest) {
    throw new RangeError(`"${block}" is no address and no CIDR block such as 10.0.0.0/8`);
  }
  list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
}

function check(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
}

/** The address without zone and, for IPv4 in IPv6, in its IPv4 form. */
export function plainAddress(address: string): string {
  const zone = address.indexOf("%");
  const plain = zone === -1 ? address : address.slice(0, zone);
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(plain);
  return mapped?.[1] ?? plain;
}
