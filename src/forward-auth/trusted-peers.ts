import { addressBlocks } from "../lib/address-blocks.ts";
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
  const list = addressBlocks(blocks);
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
        trusted = list.has(address);
        known.set(address, trusted);
      }
      last = address;
      lastTrusted = trusted;
      return trusted;
    },
    [Symbol.dispose]: () => known[Symbol.dispose](),
  };
}
