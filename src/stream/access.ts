import type { StreamOptions } from "../config/model/stream.ts";
import { addressBlocks, type AddressBlocks } from "../lib/address-blocks.ts";

interface Lists {
  readonly allow: AddressBlocks | undefined;
  readonly deny: AddressBlocks;
  readonly proxies: AddressBlocks;
}

const parsed = new WeakMap<StreamOptions, Lists>();

/** Whether a client may connect. */
export function mayConnect(options: StreamOptions, address: string): boolean {
  const { allow, deny } = listsOf(options);
  return !deny.has(address) && (allow === undefined || allow.has(address));
}

/** Whether a peer is a proxy whose PROXY protocol header counts for this target. */
export function isProxy(options: StreamOptions, peer: string): boolean {
  return listsOf(options).proxies.has(peer);
}

function listsOf(options: StreamOptions): Lists {
  let lists = parsed.get(options);
  if (!lists) {
    lists = {
      allow: options.allow.length > 0 ? addressBlocks(options.allow) : undefined,
      deny: addressBlocks(options.deny),
      proxies: addressBlocks(options.acceptProxy),
    };
    parsed.set(options, lists);
  }
  return lists;
}
