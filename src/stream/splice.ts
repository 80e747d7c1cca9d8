import type { Socket } from "node:net";
import { endWhenFlushed, whenProvenEnd } from "./proven-end.ts";
import { reset } from "./reset.ts";

/** How a session ended. */
export interface SpliceEnd {
  /** Bytes from the client to the target, and back. */
  readonly up: number;
  readonly down: number;
  /** Absent when both sides ended in good order. */
  readonly error?: string;
}

/** What a splice is given besides its two ends. */
export interface SpliceOptions {
  /** Client's bytes that were read already. */
  readonly first?: Buffer;
  /** Called for each chunk, either way. Leave it out where nobody wants to know: it is on the hot path. */
  readonly onBytes?: () => void;
}

/**
 * Passes bytes both ways until both sides have ended. A side that ends its sending is told to the other, which may
 * go on; an error on one side becomes a reset on the other. At most one chunk each way waits in memory.
 */
export function splice(client: Socket, target: Socket, options: SpliceOptions = {}): Promise<SpliceEnd> {
  return new Promise((resolve) => {
    let error: string | undefined;
    let open = 2;
    const before = { up: client.bytesRead, down: target.bytesRead };
    const first = options.first ?? Buffer.alloc(0);
    const fail = (side: "client" | "target") => (cause: Error) => {
      error ??= `${side}: ${cause.message}`;
      reset(side === "client" ? target : client);
    };
    const closed = (side: Socket, other: Socket) => (): void => {
      // Closed before it ended its sending: the other side must not take that for a proper end.
      if (!side.readableEnded && !other.destroyed) {
        error ??= "cut";
        reset(other);
      }
      open -= 1;
      if (open > 0) return;
      const up = client.bytesRead - before.up + first.length;
      resolve({ up, down: target.bytesRead - before.down, ...(error !== undefined && { error }) });
    };
    client.on("error", fail("client"));
    target.on("error", fail("target"));
    client.on("close", closed(client, target));
    target.on("close", closed(target, client));
    if (client.destroyed || target.destroyed) {
      for (const side of [client, target]) {
        if (side.destroyed) side.emit("close");
        else reset(side);
      }
      return;
    }
    if (first.length > 0) target.write(first);
    pump(client, target, options.onBytes);
    pump(target, client, options.onBytes);
  });
}

function pump(from: Socket, to: Socket, onBytes: (() => void) | undefined): void {
  from.on("data", (chunk: Buffer) => {
    if (onBytes) onBytes();
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  const onEnd = (): void => whenProvenEnd(from, () => endWhenFlushed(to));
  from.on("end", onEnd);
  // It ended while it was held.
  if (from.readableEnded) onEnd();
  if (to.writableNeedDrain) from.pause();
  else from.resume();
}
