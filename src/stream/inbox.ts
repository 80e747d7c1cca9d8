import type { Socket } from "node:net";
import { onAbort } from "../lib/signals.ts";
import { whenProvenEnd } from "./proven-end.ts";

/** What a look at the first bytes says: a result, or undefined when more bytes are needed. */
export type Look<T> = (bytes: Buffer) => T | undefined;

/** The client has left, or said nothing more before it was done. */
export class ClientLeftError extends Error {
  override readonly name = "ClientLeftError";
}

/** The most that is kept of what a client sends early; what comes after stays in the kernel. */
const LIMIT_BYTES = 32 * 1024;

/**
 * The first bytes of a connection, kept in a small bounded buffer while they are looked at and while the target
 * wakes. Reading goes on until the buffer is full, so that a client that leaves is noticed.
 */
export class Inbox implements Disposable {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #gone: Error | undefined;
  #changed: (() => void) | undefined;
  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length >= LIMIT_BYTES) this.#socket.pause();
    this.#changed?.();
  };
  readonly #onEnd = (): void =>
    whenProvenEnd(this.#socket, () => {
      this.#ended = true;
      this.#changed?.();
    });
  readonly #onClose = (): void => {
    this.#gone ??= new ClientLeftError("the client left");
    this.#changed?.();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.resume();
  }

  /** What was sent and not taken yet. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The client sends nothing more, but may still listen. */
  get ended(): boolean {
    return this.#ended;
  }

  /** It cannot want anything any more: the connection is closed, or it ended without having sent a byte. */
  get left(): boolean {
    return this.#gone !== undefined || (this.#ended && this.#bytes.length === 0);
  }

  /** Calls `call` when something came, or the client ended or left; until disposed. One at a time. */
  watch(call: () => void): Disposable {
    this.#changed = call;
    return {
      [Symbol.dispose]: () => {
        if (this.#changed === call) this.#changed = undefined;
      },
    };
  }

  /**
   * Looks at the bytes each time some came, until the look has a result.
   *
   * @throws ClientLeftError when no more can come; the signal's reason on abort; whatever the look throws.
   */
  async until<T>(look: Look<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        watching[Symbol.dispose]();
        aborting[Symbol.dispose]();
        settle();
      };
      const judge = (): void => {
        try {
          const result = look(this.#bytes);
          if (result !== undefined) return finish(() => resolve(result));
          if (this.left || this.#ended) return finish(() => reject(new ClientLeftError("the client left")));
          if (this.#bytes.length >= LIMIT_BYTES) throw new RangeError("its first bytes make no sense");
        } catch (error) {
          finish(() => reject(error));
        }
      };
      const watching = this.watch(judge);
      const aborting = onAbort(signal, (reason) => finish(() => reject(reason)));
      judge();
    });
  }

  /** Drops the first `count` bytes: they were for us. */
  consume(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
    if (this.#bytes.length < LIMIT_BYTES) this.#socket.resume();
  }

  /** Stops listening and pauses the socket. What is left in `bytes` goes to the target first. */
  [Symbol.dispose](): void {
    this.#socket.pause();
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onClose);
    this.#changed = undefined;
  }
}
