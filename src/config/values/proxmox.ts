import { bad, good, type Parsed } from "./parsed.ts";

/** Reads `user@realm!name`. */
export function parseTokenId(text: string): Parsed<string> {
  const written = text.trim();
  if (/^[^\s@!:/=]+@[\w.-]+![A-Za-z][\w.-]*$/.test(written)) return good(written);
  if (/^[^\s!]+![^\s!=]+=/.test(written))
    return bad("expected only user@realm!name: the secret goes into token_secret_file");
  return bad("expected user@realm!name, such as wakegate@pve!power");
}

/** Reads `user@realm`. */
export function parseUserId(text: string): Parsed<string> {
  const written = text.trim();
  if (/^[^\s@!:/]+@[\w.-]+$/.test(written)) return good(written);
  return bad("expected user@realm, such as wakegate@pve");
}

/** Reads a SHA-256 fingerprint with or without colons; the value is in capitals, with colons. */
export function parseFingerprint(text: string): Parsed<string> {
  const digits = text
    .trim()
    .replace(/^sha-?256[ =:]*(fingerprint=)?/i, "")
    .replaceAll(":", "");
  if (/^[0-9a-f]{64}$/i.test(digits)) return good((digits.toUpperCase().match(/../g) ?? []).join(":"));
  if (/^[0-9a-f]{40}$/i.test(digits))
    return bad("this is a SHA-1 fingerprint: give the SHA-256 one, 32 pairs of digits");
  return bad("expected a SHA-256 fingerprint: 32 pairs of hexadecimal digits with colons");
}

/** The id that a guest has in Wakegate: unique across clusters. */
export function guestId(engine: string, vmid: number): string {
  return `${engine}:${String(vmid)}`;
}

/** The guest's number in such an id. */
export function vmidOf(id: string): number | undefined {
  const digits = /:(\d+)$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
