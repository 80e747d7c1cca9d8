import { connect, type Socket } from "node:net";
import type { Clock } from "./clock.ts";
import type { HostAndPort } from "./probe-result.ts";
import { onAbort } from "./signals.ts";

/** How long the first attempt to connect may take. */
const FIRST_CONNECT_MS = 250;

/**
 * A TCP connection for a probe. An attempt that is neither accepted nor refused within 250 ms is replaced by a new
 * one, because a dropped SYN is sent again only after a second, and a route that was just programmed (kube-proxy,
 * a container network) drops the first ones. Each attempt may take twice as long as the one before, so slow links
 * connect, too. Only the signal limits the whole. Aborting it later destroys the connection.
 *
 * @throws the error of the refused or failed attempt, or the signal's reason.
 */
export async function openSocket(address: HostAndPort, clock: Clock, signal: AbortSignal): Promise<Socket> {
  for (let limitMs = FIRST_CONNECT_MS; ; limitMs *= 2) {
    const socket = await attempt(address, clock, limitMs, signal);
    if (socket) return socket;
  }
}

/** Undefined: not connected within `limitMs`. */
function attempt(
  { host, port }: HostAndPort,
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true });
    const aborting = onAbort(signal, (reason) => socket.destroy(reason as Error));
    const limit = clock.after(limitMs, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("connect", () => {
      limit[Symbol.dispose]();
      resolve(socket);
    });
    // Stays for the whole connection: an error without a listener would end the process.
    socket.on("error", (error) => {
      limit[Symbol.dispose]();
      reject(error);
    });
    socket.once("close", () => {
      limit[Symbol.dispose]();
      aborting[Symbol.dispose]();
    });
  });
}
