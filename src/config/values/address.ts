import { isIP } from "node:net";
import { bad, good, type Parsed } from "./parsed.ts";

/** Reads where a target answers: `10.0.0.7`, `nas.lan:8080`, `[fd00::7]:8080`. URLs are refused. */
export function parseAddress(text: string): Parsed<string> {
  const written = text.trim();
  if (/[/?#@\s]/.test(written)) {
    return bad(
      "expected host or host:port, not a URL: the scheme has its own key, paths belong to readiness.path",
    );
  }
  if (isIP(written) === 6) return good(`[${written}]`);
  const match = /^(?:\[([^\]]+)\]|([a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?))(?::(\d{1,5}))?$/i.exec(written);
  if (!match || (match[1] !== undefined && isIP(match[1]) !== 6)) {
    return bad("expected host or host:port, such as 10.0.0.7 or nas.lan:8080");
  }
  const port = match[4];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    return bad("expected a port from 1 to 65535");
  return good(written);
}
