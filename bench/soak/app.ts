import { createServer as createHttp } from "node:http";
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";
import type { FakeContainer } from "../../test/support/fake-docker.ts";

/** An app of the simulated engine: a real server whose container may be down. */
export class SoakApp implements AsyncDisposable {
  readonly name: string;
  readonly host: string;
  readonly kind: "web" | "tcp";
  container: FakeContainer | undefined;
  /** Where Wakegate listens for it, with `kind` tcp. */
  listen = 0;
  port = 0;
  /** From when on it answers; `Infinity` while it is down. Wall ms. */
  answersFrom = Number.POSITIVE_INFINITY;
  /** When it last went down. */
  downAt = 0;
  /** When somebody else than Wakegate, or bad luck, last meddled with it. */
  disturbedAt = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(name: string, kind: "web" | "tcp") {
    this.name = name;
    this.kind = kind;
    this.host = `${name}.example.com`;
    this.#server =
      kind === "web"
        ? createHttp((_request, response) => response.end("hello"))
        : createTcp({ noDelay: true }, (socket) => socket.on("data", (data) => socket.write(data)));
    this.#server.prependListener("connection", (socket: Socket) => this.#admit(socket));
  }

  get up(): boolean {
    return Date.now() >= this.answersFrom;
  }

  /** Whether it answered at some moment since then. */
  wasUpSince(at: number): boolean {
    return this.up || this.downAt >= at;
  }

  /** It will answer after its boot. */
  comesUp(bootMs: number): void {
    this.answersFrom = Date.now() + bootMs;
  }

  goesDown(): void {
    if (this.up) this.downAt = Date.now();
    this.answersFrom = Number.POSITIVE_INFINITY;
    for (const socket of this.#sockets) socket.destroy();
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** What is down resets whoever comes, as a published port does. */
  #admit(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (!this.up) {
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
