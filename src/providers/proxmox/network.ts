import { isIP } from "node:net";
import type { NetworkAttachment } from "../provider.ts";
import { listOf, textOf } from "./plain.ts";

/** Addresses that the guest's interfaces have now, IPv4 first. Loopback and link-local ones lead nowhere. */
export function liveAddresses(data: unknown): readonly NetworkAttachment[] {
  const found = listOf(data).flatMap((entry) => {
    const name = textOf(entry["name"]) ?? "";
    const all = listOf(entry["ip-addresses"]).map((one) => textOf(one["ip-address"]) ?? "");
    // Before 8.4 there are only these two, with the length of the prefix.
    const old = [entry["inet"], entry["inet6"]].flatMap((one) => textOf(one) ?? []);
    return [...all, ...(all.length > 0 ? [] : old)].map((written) => ({
      name,
      address: written.split("/")[0] ?? "",
    }));
  });
  return sorted(found.filter(({ name, address }) => name !== "lo" && leadsSomewhere(address)));
}

/** Addresses that a guest's configuration gives it: of containers `net0`, of machines `ipconfig0` (cloud-init). */
export function staticAddresses(config: Readonly<Record<string, unknown>>): readonly NetworkAttachment[] {
  const found = Object.entries(config).flatMap(([key, value]) => {
    const [, kind, number = ""] = /^(net|ipconfig)(\d+)$/.exec(key) ?? [];
    if (kind === undefined || typeof value !== "string") return [];
    const parts = new Map(value.split(",").map((part) => splitOnce(part)));
    const name = parts.get("name") ?? `net${number}`;
    return [parts.get("ip"), parts.get("ip6")].flatMap((written) => {
      const address = written?.split("/")[0] ?? "";
      return leadsSomewhere(address) ? [{ name, address }] : [];
    });
  });
  return sorted(found);
}

function leadsSomewhere(address: string): boolean {
  if (isIP(address) === 0) return false;
  return !/^(127\.|169\.254\.|::1$|fe[89ab])/i.test(address);
}

function sorted(found: readonly NetworkAttachment[]): readonly NetworkAttachment[] {
  return [...found].sort((a, b) => isIP(a.address) - isIP(b.address));
}

function splitOnce(part: string): [string, string] {
  const at = part.indexOf("=");
  return at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
}
