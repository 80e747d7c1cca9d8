import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Many connections that were opened one batch after the other, so that no backlog overflows. */
export class Crowd implements Disposable {
  readonly sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.sockets = sockets;
  }

  static async open(port: number, count: number): Promise<Crowd> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const batch = Array.from({ length: Math.min(100, count - sockets.length) }, () =>
        connect({ port, host: "127.0.0.1", noDelay: true }),
      );
      await Promise.all(batch.map((socket) => once(socket, "connect")));
      sockets.push(...batch);
    }
    return new Crowd(sockets);
  }

  /** Sends the same bytes on each. */
  say(bytes: string | Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  /** Calls back for what each hears, with the time; the listener is there when this returns. */
  hear(onHeard: (member: number, text: string, at: number) => void): void {
    for (const [member, socket] of this.sockets.entries()) {
      socket.on("data", (data: Buffer) => onHeard(member, data.toString("latin1"), performance.now()));
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
