import type { Socket } from "node:net";

/** Bytes through all client connections, open and closed. The sockets count; this adds up when somebody asks. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #up = 0;
  #down = 0;

  /** Counts a client's connection until it closes. */
  follow(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#up += socket.bytesRead;
      this.#down += socket.bytesWritten;
    });
  }

  /** `up`: from clients to targets; `down`: the other way. */
  get bytes(): { readonly up: number; readonly down: number } {
    let [up, down] = [this.#up, this.#down];
    for (const { bytesRead, bytesWritten } of this.#open) {
      up += bytesRead;
      down += bytesWritten;
    }
    return { up, down };
  }
}
