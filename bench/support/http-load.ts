import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What one run of requests took. */
export interface LoadFigures {
  readonly requests: number;
  readonly ms: number;
  /** Of each request, in microseconds; empty unless asked for. */
  readonly latenciesUs: number[];
}

/** How long, and what is kept. */
export interface LoadRun {
  readonly requests: number;
  readonly latencies?: boolean;
}

/**
 * Keep-alive connections that each send the next request as soon as the answer to the last one is there. Raw sockets
 * and ready-made bytes, so that the client costs as little as it can beside what it measures. An answer other than
 * 200 ends the run.
 */
export class HttpLoad implements Disposable {
  readonly #sockets: readonly Socket[];
  readonly #requests: readonly Buffer[];
  #next = 0;

  private constructor(sockets: readonly Socket[], requests: readonly Buffer[]) {
    this.#sockets = sockets;
    this.#requests = requests;
  }

  /** Opens the connections. `requests` are sent in turn. */
  static async open(port: number, connections: number, requests: readonly Buffer[]): Promise<HttpLoad> {
    const sockets = Array.from({ length: connections }, () =>
      connect({ port, host: "127.0.0.1", noDelay: true }),
    );
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    return new HttpLoad(sockets, requests);
  }

  /** @throws Error that shows the answer that was not 200, or says that a connection was closed. */
  async run({ requests, latencies = false }: LoadRun): Promise<LoadFigures> {
    const latenciesUs: number[] = [];
    let left = requests;
    const began = performance.now();
    const drive = (socket: Socket): Promise<void> =>
      new Promise((resolve, reject) => {
        let sentAt = 0;
        const answer = new AnswerReader();
        const end = (error?: Error): void => {
          socket.off("data", onData).off("close", onClose);
          if (error) reject(error);
          else resolve();
        };
        const send = (): void => {
          if (left === 0) return end();
          left--;
          if (latencies) sentAt = performance.now();
          socket.write(this.#take());
        };
        const onData = (data: Buffer): void => {
          const state = answer.push(data);
          if (state === "partial") return;
          if (state === "bad") return end(new Error(`unexpected answer:\n${data.toString("latin1")}`));
          if (latencies) latenciesUs.push((performance.now() - sentAt) * 1_000);
          send();
        };
        const onClose = (): void => end(new Error("the server closed a connection"));
        socket.on("data", onData).on("close", onClose);
        // Closed while others had their turn: no event tells of it any more.
        if (socket.destroyed) onClose();
        else send();
      });
    await Promise.all(this.#sockets.map(drive));
    return { requests, ms: performance.now() - began, latenciesUs };
  }

  #take(): Buffer {
    const request = this.#requests[this.#next++ % this.#requests.length];
    if (!request) throw new Error("no requests to send");
    return request;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Finds the end of one answer with a Content-Length. */
class AnswerReader {
  #held: Buffer | undefined;

  push(data: Buffer): "whole" | "partial" | "bad" {
    const bytes = this.#held ? Buffer.concat([this.#held, data]) : data;
    const head = bytes.indexOf("\r\n\r\n");
    if (head === -1) return this.#hold(bytes);
    const text = bytes.toString("latin1", 0, head);
    if (!text.startsWith("HTTP/1.1 200")) return "bad";
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (bytes.length < head + 4 + length) return this.#hold(bytes);
    this.#held = undefined;
    return "whole";
  }

  #hold(bytes: Buffer): "partial" {
    this.#held = bytes;
    return "partial";
  }
}
