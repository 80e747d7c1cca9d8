import type { Socket } from "node:net";

/** Closes a connection so that the other side knows that something went wrong: RST in place of FIN. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // While it still connects there is nothing to reset.
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
