import { isIP } from "node:net";
import { didYouMean } from "./suggest.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const WORDS: Readonly<Record<string, readonly string[] | undefined>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

/**
 * Reads a block of addresses: `10.1.0.0/16`, a single address, or one of the words `loopback` and `private`.
 * The value is a list of blocks, each with its prefix length.
 */
export function parseCidr(text: string): Parsed<readonly string[]> {
  const written = text.trim().toLowerCase();
  const word = Object.hasOwn(WORDS, written) ? WORDS[written] : undefined;
  if (word) return good(word);
  const [, address = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(written) ?? [];
  const family = isIP(address);
  if (family === 0 || address.includes("%")) {
    const near = didYouMean(written, Object.keys(WORDS));
    return bad(
      `expected a block such as 172.18.0.0/16, an address, or the words loopback and private${near}`,
    );
  }
  const bits = family === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return bad(`expected a prefix length of at most /${String(bits)}`);
  return good([`${address}/${String(prefix)}`]);
}
