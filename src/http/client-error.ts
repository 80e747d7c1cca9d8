import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { plainAddress } from "../lib/address-blocks.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { Repeats } from "../lib/repeats.ts";

/** Anyone may send nonsense to an open port, so each kind of fault is logged once in this time for all senders. */
const LOGGED_EVERY_MS = 3_600_000;

/**
 * Answers requests that could not be read, then closes: what follows on the connection has no beginning. Node reads
 * only the methods that it knows: a proxy that sends on the visitor's own method (catch-all) gets 400 for others.
 */
export function clientErrorHandler(
  setting: string,
  clock: Clock,
  log: Log,
): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  const repeats = new Repeats(clock, LOGGED_EVERY_MS);
  return (error, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const { code = "" } = error;
    const status = STATUSES.get(code) ?? "400 Bad Request";
    if (code.startsWith("HPE_") && repeats.pass(code) !== undefined) {
      const peer = plainAddress((socket as Socket).remoteAddress ?? "an unknown address");
      const message = `A request from ${peer} to ${setting} cannot be read and is refused with ${status}: ${error.message}.`;
      log.warn("request_unreadable", message, { peer, code, listener: setting });
    }
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
}

const STATUSES: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);
