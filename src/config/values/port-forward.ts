import type { ForwardSpec } from "../model/stream.ts";
import { parseListenAddress } from "./listen-address.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/**
 * Reads where to listen and which port of the target is meant: `5432:5432`, `127.0.0.1:15432:5432`,
 * `[::1]:5432:5432`. Without an address: every IPv4 address of the machine.
 */
export function parsePortForward(text: string): Parsed<ForwardSpec> {
  const written = text.trim();
  const match = /^(?:(.*):)?(\d+):(\d+)$/.exec(written);
  if (!match) return bad("expected listen:port or address:listen:port, such as 5432:5432");
  const [, host = "", own = "", digits = ""] = match;
  const listen = parseListenAddress(`${host}:${own}`);
  if (!listen.ok) return listen;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return bad("expected a port of the target from 1 to 65535");
  return good({ listen: listen.value, port });
}
