import type { MachineProbe } from "../model/machine.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** Reads a hardware address with colons, dashes, dots or nothing between; the value has colons and lower case. */
export function parseMac(text: string): Parsed<string> {
  const digits = hexOf(text);
  if (digits?.length !== 12)
    return bad("expected six pairs of hexadecimal digits, such as aa:bb:cc:dd:ee:ff");
  if (/^(0+|f+)$/.test(digits)) return bad("this is no card's own address: expected the one of the machine");
  return good(withColons(digits));
}

/** Reads a SecureOn password: six bytes as an address, or four as `10.0.0.1` or in hexadecimal. */
export function parseSecureOn(text: string): Parsed<string> {
  const decimal = text.trim().split(".").map(Number);
  if (decimal.length === 4 && decimal.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return good(withColons(decimal.map((byte) => byte.toString(16).padStart(2, "0")).join("")));
  const digits = hexOf(text);
  if (digits?.length === 12 || digits?.length === 8) return good(withColons(digits));
  return bad("expected four or six bytes, such as 00:11:22:33:44:55");
}

const PORTS = { tcp: undefined, http: 80, https: 443 } as const;

/** Reads where a machine answers while it is on: `tcp://host:port`, `http://…` or `https://…`. */
export function parseMachineUrl(text: string): Parsed<MachineProbe> {
  const [, scheme = "", rest = ""] = /^(tcp|https?):\/\/(.+)$/i.exec(text.trim()) ?? [];
  // As http, because other schemes are not taken apart.
  const url = URL.canParse(`http://${rest}`) ? new URL(`http://${rest}`) : undefined;
  if (!url || rest === "") return bad("expected tcp://host:port, http://host or https://host");
  if (url.username || url.hash) return bad("expected a URL without user and fragment");
  const how = scheme.toLowerCase() as keyof typeof PORTS;
  const port = Number(/^(?:\[[^\]]*\]|[^/:?]*):(\d+)/.exec(rest)?.[1] ?? PORTS[how]);
  if (!(port > 0)) return bad("expected a port too, such as tcp://nas.lan:22");
  if (how === "tcp" && (url.pathname !== "/" || url.search))
    return bad("expected tcp://host:port and nothing more");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return good({ scheme: how, host, port, path: `${url.pathname}${url.search}` });
}

function hexOf(text: string): string | undefined {
  const digits = text.trim().toLowerCase().replaceAll(/[:.-]/g, "");
  return /^[0-9a-f]+$/.test(digits) ? digits : undefined;
}

function withColons(digits: string): string {
  return (digits.match(/../g) ?? []).join(":");
}
