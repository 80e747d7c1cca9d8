import { isIP } from "node:net";
import type { ListenAddress } from "../model/stream.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/**
 * Reads where to listen: `127.0.0.1:9190`, `[::1]:9190`, `localhost:9190`, or `:9190` for every IPv4 address
 * of the machine. Port 0 lets the system choose.
 */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const written = text.trim();
  if (/^\d+$/.test(written))
    return bad(`expected host:port: write 127.0.0.1:${written}, or :${written} for all addresses`);
  if (/^\w+:\/\//.test(written)) return bad("expected host:port without a scheme, such as 127.0.0.1:9190");
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(written);
  if (!match) {
    const brackets =
      isIP(written.replace(/:\d+$/, "")) === 6 ? ": write an IPv6 address in brackets, [::1]:9190" : "";
    return bad(`expected host:port, such as 127.0.0.1:9190 or :9190${brackets}`);
  }
  const [, six, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return bad("expected a port from 0 to 65535");
  if (six !== undefined) {
    return isIP(six) === 6 ? good({ host: six, port }) : bad("expected an IPv6 address in the brackets");
  }
  if (name === undefined || name === "" || name === "*") return good({ host: "0.0.0.0", port });
  if (isIP(name) === 4 || /^(?!\d+(\.\d+)*$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name)) {
    return good({ host: name.toLowerCase(), port });
  }
  return bad(`expected an address of this machine before the port, not "${name}"`);
}

/** The address as it is written in the configuration. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}
