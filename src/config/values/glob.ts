import { bad, good, type Parsed } from "./parsed.ts";

const MAX_LENGTH = 512;

/** Reads a glob for a path: begins with `/` or a star, has neither query nor fragment. */
export function parsePathGlob(text: string): Parsed<string> {
  const written = text.trim();
  if (!/^[/*]/.test(written)) return bad(`expected a path that begins with / or *: write /${written}`);
  if (/[#\s]/.test(written)) return bad("expected a path without spaces and without a fragment");
  return written.length > MAX_LENGTH ? tooLong() : good(written);
}

/** Reads a glob for a header's value: not empty. Case is kept, and does not matter. */
export function parseTextGlob(text: string): Parsed<string> {
  const written = text.trim();
  if (written === "") return bad("expected a text such as *bot*: a star alone stands for any value");
  return written.length > MAX_LENGTH ? tooLong() : good(written);
}

/** Reads an HTTP method, in any case. The value is in capitals. */
export function parseMethod(text: string): Parsed<string> {
  const written = text.trim().toUpperCase();
  return /^[A-Z][A-Z-]{0,31}$/.test(written)
    ? good(written)
    : bad("expected an HTTP method such as GET or PROPFIND");
}

function tooLong() {
  return bad(`expected at most ${String(MAX_LENGTH)} characters`);
}
