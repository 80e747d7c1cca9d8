import { BlockList, isIP } from "node:net";

/** A set of address blocks. */
export interface AddressBlocks {
  /** `address` as a socket gives it; IPv4 in IPv6 (`::ffff:10.0.0.1`) counts as IPv4. False for anything else. */
  has(address: string): boolean;
}

/**
 * Parses CIDR blocks and single addresses once.
 *
 * @throws RangeError naming the entry that is neither.
 */
export function addressBlocks(blocks: readonly string[]): AddressBlocks {
  const list = new BlockList();
  for (const block of blocks) addBlock(list, block);
  return {
    has(address) {
      const plain = plainAddress(address);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
    },
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

/** The address without zone and, for IPv4 in IPv6, in its IPv4 form. */
export function plainAddress(address: string): string {
  const zone = address.indexOf("%");
  const plain = zone === -1 ? address : address.slice(0, zone);
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(plain);
  return mapped?.[1] ?? plain;
}
