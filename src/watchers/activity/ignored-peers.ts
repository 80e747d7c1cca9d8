import { BlockList, isIP } from "node:net";
import type { Peer } from "./peer.ts";

/** Whether a rule of `activity.ignore_peers` names this peer: by container name, address or block. Pure. */
export function ignores(rules: readonly string[], { name, address }: Peer): boolean {
  return rules.some((rule) => rule === name || rule === address || inBlock(rule, address));
}

function inBlock(rule: string, address: string): boolean {
  const [base = "", bits] = rule.split("/");
  const family = isIP(base);
  if (bits === undefined || family === 0 || family !== isIP(address)) return false;
  const length = Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(base, length, type);
  return list.check(address, type);
}
