import type { Socket } from "node:net";
import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { DeadlineError, onAbort } from "../lib/signals.ts";
import type { ProbeAddress } from "../watchers/readiness/address.ts";
import type { Net } from "./net.ts";

/** Addresses that lead nowhere do not answer at all: the system would wait for minutes. */
const CONNECT_MS = 2_000;
/** After this long without bytes the system asks whether the other side is still there. */
export const KEEP_ALIVE_MS = 30_000;

/**
 * Connects to the first address that answers.
 *
 * @throws the last address's error; the signal's reason on abort.
 */
export async function dial(
  addresses: readonly ProbeAddress[],
  clock: Clock,
  net: Net,
  signal: AbortSignal,
): Promise<Socket> {
  let last: unknown = new Error("no address leads there");
  for (const address of addresses) {
    signal.throwIfAborted();
    try {
      return await connectTo(address, clock, net, signal);
    } catch (error) {
      signal.throwIfAborted();
      last = new Error(messageOf(error), { cause: error });
    }
  }
  throw last;
}

function connectTo(
  { host, port }: ProbeAddress,
  clock: Clock,
  net: Net,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      host,
      port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    const settle = (done: () => void): void => {
      timer[Symbol.dispose]();
      aborting[Symbol.dispose]();
      socket.off("error", onError);
      socket.off("connect", onConnect);
      done();
    };
    const giveUp = (reason: unknown): void =>
      settle(() => {
        socket.on("error", () => undefined);
        socket.destroy();
        reject(reason);
      });
    const onError = (error: Error): void => settle(() => reject(error));
    const onConnect = (): void => settle(() => resolve(socket));
    socket.on("error", onError);
    socket.on("connect", onConnect);
    const timer = clock.after(CONNECT_MS, () =>
      giveUp(new DeadlineError(CONNECT_MS, `${host} port ${String(port)}`)),
    );
    const aborting = onAbort(signal, giveUp);
  });
}
