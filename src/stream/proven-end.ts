import type { Socket } from "node:net";
import type { Clock } from "../lib/clock.ts";

const NOTHING = Buffer.alloc(0);

/**
 * Calls `call` once it is sure that a socket that said `end` has only ended its sending. A reset that comes right
 * after bytes is told as an end, too (libuv cannot tell them apart); writing nothing brings the difference to light:
 * the socket fails then, and `call` is not called.
 */
export function whenProvenEnd(socket: Socket, call: () => void): void {
  // What still waits to be written will find out by itself; after our own end nothing can.
  if (socket.writableEnded || socket.writableLength > 0) return call();
  if (!socket.destroyed) socket.write(NOTHING, (error) => error ?? call());
}

/** How often a client that has ended its sending is asked whether it is still there. */
const ASK_EVERY_MS = 1_000;

/**
 * After an end nothing more is read, so nobody would notice that the other side has left for good. Writing nothing
 * does: the socket fails once it was reset. Asks until disposed.
 */
export function askWhetherGone(socket: Socket, clock: Clock): Disposable {
  let timer: Disposable | undefined;
  const ask = (): void => {
    timer = clock.after(ASK_EVERY_MS, () => {
      if (socket.destroyed) return;
      socket.write(NOTHING);
      ask();
    });
  };
  ask();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/**
 * Ends the sending after all that was written has left. A socket that is told to end before that cannot be reset
 * any more while it waits.
 */
export function endWhenFlushed(socket: Socket): void {
  if (socket.writableEnded || socket.destroyed) return;
  if (socket.writableLength === 0) socket.end();
  else socket.write(NOTHING, (error) => error ?? socket.end());
}
