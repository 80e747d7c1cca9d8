import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { ListenAddress } from "../../config/model/stream.ts";
import { formatListenAddress } from "../../config/values/listen-address.ts";
import { messageOf } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals, type LinkedSignal } from "../../lib/signals.ts";
import type { UdpPlan } from "../plan.ts";
import { RefusedError } from "../refused.ts";
import type { ConnectionParts } from "../tcp/connection.ts";
import { UdpSession } from "./session.ts";

const RETRY = { firstMs: 500, maxMs: 30_000 };

/** One open UDP address: finds the session of each datagram, makes one for a client's first. */
export class UdpListener {
  plan: UdpPlan;
  readonly #parts: ConnectionParts;
  readonly #closing: LinkedSignal;
  readonly #sessions = new Map<string, UdpSession>();
  #socket: Socket | undefined;

  constructor(plan: UdpPlan, parts: ConnectionParts, signal: AbortSignal) {
    this.plan = plan;
    this.#parts = parts;
    this.#closing = linkSignals(signal);
  }

  /** Where it listens; undefined while it does not. */
  get address(): ListenAddress | undefined {
    return this.#socket && { host: this.plan.address.host, port: this.#socket.address().port };
  }

  /** Opens it. When the address is taken that is said, and tried again until it is closed. Never rejects. */
  async open(): Promise<void> {
    const failure = await this.#listen();
    if (failure === undefined) return;
    const at = `${formatListenAddress(this.plan.address)}/udp`;
    this.#parts.log.error("stream_listen_failed", `cannot listen on ${at}: ${failure}. It is tried again.`, {
      listener: at,
    });
    void this.#retry();
  }

  async #retry(): Promise<void> {
    try {
      for (let attempt = 0; (await this.#listen()) !== undefined; attempt++) {
        await sleep(this.#parts.clock, backoffMs(attempt, RETRY), this.#closing.signal);
      }
    } catch {
      // Closed meanwhile.
    }
  }

  #listen(): Promise<string | undefined> {
    const { host, port } = this.plan.address;
    return new Promise((resolve) => {
      const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
      socket.on("message", (data, from) => this.#take(data, from));
      socket.on("error", (error) => {
        if (this.#socket !== socket) socket.close();
        resolve(messageOf(error));
      });
      socket.bind({ address: host, port }, () => {
        if (this.#closing.signal.aborted) socket.close();
        else this.#socket = socket;
        resolve(undefined);
      });
    });
  }

  #take(data: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${String(from.port)}`;
    const session = this.#sessions.get(key) ?? this.#begin(key, from);
    session?.fromClient(data);
  }

  #begin(key: string, from: RemoteInfo): UdpSession | undefined {
    const { target, port } = this.plan.to;
    const refuse = (error: unknown): void => {
      const at = `${formatListenAddress(this.plan.address)}/udp`;
      const reason = error instanceof RefusedError ? error.reason : "unreachable";
      this.#parts.refusals.tell(reason, messageOf(error), at, from.address, target);
    };
    try {
      const gateway = this.#parts.gateway(target);
      const place = gateway.admit(from.address);
      const session = new UdpSession({
        gateway,
        clock: this.#parts.clock,
        client: from,
        ...(port !== undefined && { port }),
        reply: (data) => this.#socket?.send(data, from.port, from.address),
        onEnd: (error) => {
          this.#sessions.delete(key);
          place[Symbol.dispose]();
          if (error !== undefined && !this.#closing.signal.aborted) refuse(error);
        },
      });
      this.#sessions.set(key, session);
      void session.run(this.#closing.signal);
      return session;
    } catch (error) {
      refuse(error);
      return undefined;
    }
  }

  /** Ends everything. */
  close(): void {
    this.#closing.abort(new Error("closing"));
    this.#closing[Symbol.dispose]();
    for (const session of this.#sessions.values()) session.end();
    this.#socket?.close();
    this.#socket = undefined;
  }
}
