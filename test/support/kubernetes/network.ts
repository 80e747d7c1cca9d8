import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** Loopback addresses of one simulator's own, for pods and Services. Linux answers at all of 127.0.0.0/8. */
export class Addresses {
  readonly #second = 10 + (process.pid % 240);
  readonly #third = Math.floor(Math.random() * 250);
  #last = 0;

  next(): string {
    this.#last++;
    const third = (this.#third + Math.floor(this.#last / 250)) % 256;
    return `127.${String(this.#second)}.${String(third)}.${String(1 + (this.#last % 250))}`;
  }
}

/** Where connections to one port of a Service go. */
export interface Backend {
  readonly host: string;
  readonly port: number;
}

/** One port of a Service's address, as kube-proxy makes it: refused while there is no endpoint. */
export class ServicePortal implements AsyncDisposable {
  readonly #address: string;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #backends: readonly Backend[] = [];
  #server: Server | undefined;
  #turn = 0;
  #changing: Promise<void> = Promise.resolve();

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
  }

  /** Leads to these from now on. */
  lead(backends: readonly Backend[]): void {
    this.#backends = backends;
    this.#changing = this.#changing.then(() => this.#adjust());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lead([]);
    await this.#changing;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #adjust(): Promise<void> {
    if (this.#backends.length === 0) {
      this.#server?.close();
      this.#server = undefined;
    } else if (!this.#server) {
      const server = createServer((socket) => this.#splice(socket));
      server.listen(this.#port, this.#address);
      await once(server, "listening");
      this.#server = server;
    }
  }

  #splice(socket: Socket): void {
    const backend = this.#backends[this.#turn++ % Math.max(1, this.#backends.length)];
    if (!backend) return void socket.destroy();
    const far = connect(backend.port, backend.host);
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.once("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
