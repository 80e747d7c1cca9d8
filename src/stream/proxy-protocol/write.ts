import { isIP } from "node:net";
import { plainAddress } from "../../lib/address-blocks.ts";
import { PROXY_V2_SIGNATURE } from "../../lib/proxy-preface.ts";
import type { Endpoint } from "./header.ts";

/** The header that tells the target who the client is; both ends are written in one family. */
export function writeProxyHeader(version: "v1" | "v2", source: Endpoint, destination: Endpoint): Buffer {
  const from = plainAddress(source.address);
  const to = plainAddress(destination.address);
  const four = isIP(from) === 4 && isIP(to) === 4;
  if (version === "v1") {
    const [a, b] = four ? [from, to] : [six(from), six(to)];
    const line = `PROXY ${four ? "TCP4" : "TCP6"} ${a} ${b} ${String(source.port)} ${String(destination.port)}\r\n`;
    return Buffer.from(line, "latin1");
  }
  const addresses = four ? [...bytesOf4(from), ...bytesOf4(to)] : [...bytesOf6(from), ...bytesOf6(to)];
  const head = Buffer.from([0x21, four ? 0x11 : 0x21, 0, addresses.length + 4]);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  return Buffer.concat([PROXY_V2_SIGNATURE, head, Buffer.from(addresses), ports]);
}

function six(address: string): string {
  return isIP(address) === 4 ? `::ffff:${address}` : address;
}

function bytesOf4(address: string): readonly number[] {
  return address.split(".").map(Number);
}

function bytesOf6(address: string): readonly number[] {
  // The URL parser turns a dotted end into hexadecimal words.
  const plain = new URL(`http://[${six(address)}]`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const words = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [left, right] = [words(head), words(tail ?? "")];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return all.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]);
}
