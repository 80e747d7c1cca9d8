import { bad, good, type Parsed } from "./parsed.ts";

/**
 * Reads a URL path: begins with `/`, has no query, no fragment, no spaces, no `.` or `..` segments and no empty
 * ones. Percent escapes stay as they are.
 */
export function parsePath(text: string): Parsed<string> {
  const written = text.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written))
    return bad("expected a path alone, such as /start, not a URL");
  if (!written.startsWith("/")) return bad(`expected a path that begins with /: write /${written}`);
  if (/[?#]/.test(written))
    return bad("expected a path without a query or fragment: leave out what follows ? or #");
  if (!/^[\x21-\x7e]*$/.test(written) || /[\\"<>^`{|}]/.test(written)) {
    return bad("expected a path in URL form: percent-encode spaces and special characters");
  }
  const segments = written.slice(1).split("/");
  if (segments.some((part) => /^(\.|%2e){1,2}$/i.test(part)) || /\/\//.test(written)) {
    return bad("expected a path without // and without . or .. segments");
  }
  return good(written);
}
