import { Duplex } from "node:stream";
import type { Socket } from "node:net";

/** One end of a TCP connection in memory. What one end writes the other reads; an end, a reset and a close get through. */
export class SimSocket extends Duplex {
  other: SimSocket | undefined;
  readonly remoteAddress: string;
  readonly remotePort = 40_000;
  readonly localAddress = "127.0.0.1";
  readonly localPort = 1;
  readonly connecting = false;
  bytesRead = 0;
  bytesWritten = 0;

  constructor(remoteAddress: string) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true });
    this.remoteAddress = remoteAddress;
  }

  override _read(): void {
    // Pushed to as the other end writes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { other } = this;
    if (!other || other.destroyed) return done(Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
    this.bytesWritten += chunk.length;
    if (chunk.length > 0) {
      other.bytesRead += chunk.length;
      other.push(chunk);
    }
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.other && !this.other.destroyed) this.other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    if (other && !other.destroyed) {
      if (this.writableFinished && this.readableEnded) other.other = undefined;
      else other.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    }
    done(error);
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  setNoDelay(): this {
    return this;
  }

  get asSocket(): Socket {
    return this as unknown as Socket;
  }
}

/** Both ends of a new connection. */
export function connectionOf(from: string, to: string): readonly [near: SimSocket, far: SimSocket] {
  const near = new SimSocket(to);
  const far = new SimSocket(from);
  near.other = far;
  far.other = near;
  return [near, far];
}
