import { createSocket, type RemoteInfo } from "node:dgram";
import { isIPv6 } from "node:net";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import { linkSignals, onAbort, type LinkedSignal } from "../../lib/signals.ts";
import type { WakeCause } from "../../watchers/handle.ts";
import type { Gateway } from "../gateway.ts";
import { RefusedError } from "../refused.ts";

/** What is kept of a client's datagrams until the target answers; the oldest stay, as they begin the conversation. */
const KEPT = { datagrams: 16, bytes: 32 * 1024 } as const;

const RETRY = { firstMs: 50, maxMs: 1_000 };

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
  #answered = false;
  /** Sends to the target; unset while there is no way to it. */
  #send: ((data: Buffer) => void) | undefined;
  #last: number;

  constructor(input: UdpSessionInput) {
    this.#input = input;
    const { gateway, clock, client } = input;
    this.#last = clock.monotonic();
    this.#lease = gateway.handle.lease(`datagrams from ${client.address}`);
  }

  /** Wakes the target and passes datagrams until the session is over. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    using life = linkSignals(signal, this.#over.signal);
    try {
      const { gateway, port, client, clock } = this.#input;
      const { handle } = gateway;
      const cause: WakeCause = { by: "stream", client: client.address };
      await gateway.ready(cause, life.signal);
      // What comes after a stop begins anew, and wakes it.
      this.#watching = handle.changed.subscribe(() => {
        if (handle.gate.kind !== "ready") this.end();
      });
      handle.touch({ kind: "session", client: client.address });
      this.#arm(handle.spec.stream.udpTimeoutMs);
      const giveUpAt = clock.monotonic() + handle.spec.wakeTimeoutMs;
      for (let attempt = 0; ; attempt++) {
        const [address] = await gateway.addresses(port);
        if (!address) throw new RefusedError("unreachable", `no address leads to ${handle.spec.name}`);
        life.signal.throwIfAborted();
        await this.#converse(address.host, address.port, life.signal);
        // Once it answered, "port unreachable" is a target that restarts: the client's next datagram tries again.
        if (this.#answered || clock.monotonic() > giveUpAt) return this.end();
        // Nothing proves that a UDP program listens: what it may have missed is sent again, and its client waits.
        const pauseMs = backoffMs(attempt, RETRY);
        this.#last = clock.monotonic() + pauseMs;
        await sleep(clock, pauseMs, life.signal);
      }
    } catch (error) {
      this.end(error);
    }
  }

  /** A datagram of the client. Kept, within bounds, until the target has answered; beyond, it is lost as UDP's are. */
  fromClient(data: Buffer): void {
    this.#last = this.#input.clock.monotonic();
    this.#send?.(data);
    if (this.#answered || this.#kept.length >= KEPT.datagrams) return;
    if (this.#keptBytes + data.length > KEPT.bytes) return;
    this.#kept.push(data);
    this.#keptBytes += data.length;
  }

  /** Sends what was kept and passes what follows. Resolves when the target refuses it. @throws the signal's reason. */
  #converse(host: string, port: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
      let open = true;
      const finish = (settle: () => void): void => {
        if (!open) return;
        open = false;
        aborting[Symbol.dispose]();
        this.#send = undefined;
        socket.close();
        settle();
      };
      socket.on("message", (data) => {
        this.#last = this.#input.clock.monotonic();
        this.#answered = true;
        this.#kept = [];
        this.#input.reply(data);
      });
      socket.on("error", () => finish(resolve));
      socket.once("connect", () => {
        if (!open) return;
        // A refusal of one datagram is told to whoever sends the next one, and to nobody else.
        this.#send = (data) => socket.send(data, (error) => error && finish(resolve));
        for (const data of this.#kept) this.#send?.(data);
      });
      const aborting = onAbort(signal, (reason) => finish(() => reject(reason)));
      if (open) socket.connect(port, host);
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
    this.#input.onEnd(error);
  }
}
