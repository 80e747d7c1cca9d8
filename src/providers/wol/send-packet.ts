import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { onAbort } from "../../lib/signals.ts";

/**
 * Sends one datagram, to a broadcast address too.
 *
 * @throws the system's own error; the signal's reason on abort.
 */
export function sendPacket(
  packet: Buffer,
  to: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(to.host) ? "udp6" : "udp4");
    let listening: Disposable | undefined;
    let done = false;
    const finish = (settle: () => void): void => {
      if (done) return;
      done = true;
      listening?.[Symbol.dispose]();
      socket.close();
      settle();
    };
    socket.once("error", (error) => finish(() => reject(error)));
    socket.bind(0, () => {
      if (!isIPv6(to.host)) socket.setBroadcast(true);
      listening = onAbort(signal, (reason) => finish(() => reject(reason)));
      if (done) return;
      socket.send(packet, to.port, to.host, (error) => finish(() => (error ? reject(error) : resolve())));
    });
  });
}
