import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { linkSignals, type LinkedSignal } from "../../lib/signals.ts";
import type { WakeCause } from "../../watchers/handle.ts";
import type { Gateway } from "../gateway.ts";
import { RefusedError } from "../refused.ts";

/** What is kept of a client's datagrams while the target wakes; the oldest stay, as they begin the conversation. */
const KEPT = { datagrams: 16, bytes: 32 * 1024 } as const;

/** What a session is made of. */
export interface UdpSessionInput {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly client: RemoteInfo;
  readonly port?: number;
  readonly reply: (data: Buffer) => void;
  /** Called once, with what went wrong, if anything did. */
  readonly onEnd: (error: unknown) => void;
}

/** One client of a UDP listener: a socket of its own towards the target, so that answers find their way back. */
export class UdpSession {
  readonly #input: UdpSessionInput;
  readonly #over: LinkedSignal = linkSignals();
  readonly #lease: Disposable;
  #timer: Disposable | undefined;
  #watching: Disposable | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #socket: Socket | undefined;
  #last: number;

  constructor(input: UdpSessionInput) {
    this.#input = input;
    const { gateway, clock, client } = input;
    this.#last = clock.monotonic();
    this.#lease = gateway.handle.lease(`datagrams from ${client.address}`);
  }

  /** Wakes the target and opens the way to it. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    using life = linkSignals(signal, this.#over.signal);
    try {
      const { gateway, port, client } = this.#input;
      const cause: WakeCause = { by: "stream", client: client.address };
      await gateway.ready(cause, life.signal);
      const [address] = await gateway.addresses(port);
      life.signal.throwIfAborted();
      if (!address) throw new RefusedError("unreachable", `no address leads to ${gateway.handle.spec.name}`);
      await this.#connect(address.host, address.port, life.signal);
      // What comes after a stop begins anew, and wakes it.
      this.#watching = gateway.handle.changed.subscribe(() => {
        if (gateway.handle.gate.kind !== "ready") this.end();
      });
      gateway.handle.touch({ kind: "session", client: client.address });
      for (const data of this.#kept.splice(0)) this.#socket?.send(data);
      this.#arm(gateway.handle.spec.stream.udpTimeoutMs);
    } catch (error) {
      this.end(error);
    }
  }

  /** A datagram of the client. Kept, within bounds, until the target is there; beyond, it is lost as UDP's are. */
  fromClient(data: Buffer): void {
    this.#last = this.#input.clock.monotonic();
    if (this.#socket) this.#socket.send(data);
    else if (this.#kept.length < KEPT.datagrams && this.#keptBytes + data.length <= KEPT.bytes) {
      this.#kept.push(data);
      this.#keptBytes += data.length;
    }
  }

  #connect(host: string, port: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
      socket.on("message", (data) => {
        this.#last = this.#input.clock.monotonic();
        this.#input.reply(data);
      });
      // "Port unreachable" of a target that restarts: the client's next datagram tries again.
      socket.on("error", (error) => {
        reject(error);
        this.end();
      });
      socket.once("connect", () => {
        if (signal.aborted) {
          socket.close();
          reject(signal.reason as Error);
          return;
        }
        this.#socket = socket;
        resolve();
      });
      socket.connect(port, host);
    });
  }

  #arm(ms: number): void {
    this.#timer = this.#input.clock.after(ms, () => {
      const { gateway, clock } = this.#input;
      const left = this.#last + gateway.handle.spec.stream.udpTimeoutMs - clock.monotonic();
      if (left > 0) this.#arm(left);
      else this.end();
    });
  }

  /** Ends it; once. */
  end(error?: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error("over"));
    this.#timer?.[Symbol.dispose]();
    this.#watching?.[Symbol.dispose]();
    this.#lease[Symbol.dispose]();
    this.#socket?.close();
    this.#socket = undefined;
    this.#input.onEnd(error);
  }
}
