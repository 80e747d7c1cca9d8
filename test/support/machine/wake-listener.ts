import { createSocket } from "node:dgram";
import { once } from "node:events";

/** The network card of a sleeping machine: hears magic packets for its address. */
export interface WakeListener extends AsyncDisposable {
  readonly port: number;
  /** How many it heard that were meant for it, right password and all. */
  readonly heard: number;
}

export interface WakeListenerOptions {
  /** `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string;
  /** SecureOn password in hexadecimal without colons. */
  readonly password?: string;
  /** Default: any free one of 127.0.0.1. */
  readonly port?: number;
  readonly address?: string;
  /** So many packets are lost before one is heard. */
  readonly deafFor?: number;
  /** Called for each that was heard. */
  readonly onPacket: () => void;
}

/** Listens as a card does: six bytes FF anywhere in the frame, then sixteen times the address, then the password. */
export async function listenForWake(options: WakeListenerOptions): Promise<WakeListener> {
  const { mac, password = "", deafFor = 0 } = options;
  const wanted = `${"ff".repeat(6)}${mac.replaceAll(":", "").repeat(16)}${password}`;
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  let received = 0;
  let heard = 0;
  socket.on("message", (message) => {
    if (!message.toString("hex").includes(wanted)) return;
    received++;
    if (received <= deafFor) return;
    heard++;
    options.onPacket();
  });
  socket.bind(options.port ?? 0, options.address ?? "127.0.0.1");
  await once(socket, "listening");
  return {
    port: socket.address().port,
    get heard() {
      return heard;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}
