import { BlockList, isIP } from "node:net";
import type { Problem } from "../model.ts";
import { LABEL_PREFIX, type WakegateLabels } from "./wakegate.ts";

/**
 * Where clouds and hypervisors keep the machine's own credentials (RFC 3927, RFC 4291 section 2.5.6). No app lives
 * there, and whoever may write labels need not be trusted with what does.
 */
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet("169.254.0.0", 16, "ipv4");
FORBIDDEN.addSubnet("fe80::", 10, "ipv6");
FORBIDDEN.addAddress("fd00:ec2::254", "ipv6");
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.google.internal",
  "instance-data",
]);

/** Refuses an address in labels that leads to the machine's own metadata. The file may name any. */
export function labelAddressProblems({ layer }: WakegateLabels, where: string): Problem[] {
  const { address } = layer;
  if (address === undefined || !isForbidden(hostOf(address))) return [];
  const message =
    "labels may not lead to link-local addresses, where machines keep their credentials: name the app's own address, or write this one into the file";
  return [{ severity: "error", where, key: `${LABEL_PREFIX}address`, value: address, message }];
}

function hostOf(address: string): string {
  return (/^\[([^\]]+)\]/.exec(address)?.[1] ?? address.replace(/:\d+$/, "")).toLowerCase();
}

function isForbidden(host: string): boolean {
  switch (isIP(host)) {
    case 4:
      return FORBIDDEN.check(host, "ipv4");
    case 6:
      return FORBIDDEN.check(host, "ipv6");
    default:
      return FORBIDDEN_NAMES.has(host.replace(/\.$/, ""));
  }
}
