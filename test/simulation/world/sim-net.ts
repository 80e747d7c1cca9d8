import { EventEmitter } from "node:events";
import type { Server, Socket } from "node:net";
import type { HostAndPort, ProbeResult } from "../../../src/lib/probe-result.ts";
import type { Net } from "../../../src/stream/net.ts";
import type { Probes } from "../../../src/watchers/readiness/probes.ts";
import type { Random } from "../random.ts";
import { answers, type Box } from "./box.ts";
import type { Engine } from "./engine.ts";
import type { ProcessClock } from "./process-clock.ts";
import { connectionOf, type SimSocket } from "./sim-socket.ts";
import type { WorldClock } from "./world-clock.ts";

const HOP_MS = 2;

/** The network between clients, Wakegate and apps: whoever has an address now is who answers there. */
export class SimNet {
  readonly #world: WorldClock;
  readonly #engine: Engine;
  readonly #random: Random;
  readonly #listeners = new Map<number, (socket: Socket) => void>();
  /** The apps' ends of connections, by run. */
  readonly #connections = new Map<SimSocket, { readonly box: Box; readonly run: string }>();

  constructor(world: WorldClock, engine: Engine, random: Random) {
    this.#world = world;
    this.#engine = engine;
    this.#random = random;
    engine.listeners.add(({ cause }) => {
      if (cause === "died") this.#cutDead();
    });
  }

  /** A client connects to a port of Wakegate's; undefined: nobody listens there. */
  dialIn(port: number, client: string): SimSocket | undefined {
    const accept = this.#listeners.get(port);
    if (!accept) return undefined;
    const [near, far] = connectionOf(client, "127.0.0.1");
    near.on("error", () => undefined);
    // A process that is stopped or dead takes no care of it.
    far.on("error", () => undefined);
    near.resume();
    accept(far.asSocket);
    return near;
  }

  /** The process that listened is dead: its ports are closed. */
  closeAll(): void {
    this.#listeners.clear();
  }

  /** For one process. */
  net(process: ProcessClock): Net {
    return {
      createServer: (_options, onConnection) =>
        new SimServer(this.#listeners, process, onConnection) as unknown as Server,
      connect: ({ host }) => this.#connect(host ?? "", process).asSocket,
    };
  }

  /** Probes of one process. `onGood` hears which containers are at an address that answered well. */
  probes(process: ProcessClock, onGood: (address: string) => void): Probes {
    const ask = (address: HostAndPort, signal: AbortSignal, good: number): Promise<ProbeResult> =>
      new Promise((resolve) => {
        const silent = (error: string): void => resolve({ kind: "silent", error });
        signal.addEventListener("abort", () => silent("no answer in time"), { once: true });
        this.#world.after(this.#random.delay(HOP_MS), () => {
          const box = this.#at(address.host);
          // What is paused or hangs takes the connection and says nothing.
          if (box && (box.status === "paused" || box.behaviour.hangs)) return;
          process.deliver(() => {
            if (!box) return silent("EHOSTUNREACH");
            if (answers(box, this.#world.monotonic())) {
              if (!signal.aborted) onGood(address.host);
              return resolve({ kind: "answer", status: good });
            }
            if (box.behaviour.booting === "answers 503" && good !== 0)
              return resolve({ kind: "answer", status: 503 });
            silent("ECONNREFUSED");
          });
        });
      });
    const stream: Probes["tcp"] = ({ address }, signal) => ask(address, signal, 0);
    return {
      http: (address, _probe, signal) => ask(address, signal, 200),
      tcp: stream,
      postgres: stream,
      mysql: stream,
      redis: stream,
      minecraft: stream,
    };
  }

  #at(address: string): Box | undefined {
    for (const box of this.#engine.boxes.values()) if (box.address === address) return box;
    return undefined;
  }

  #connect(host: string, process: ProcessClock): SimSocket {
    const [near, far] = connectionOf("172.18.0.1", host);
    far.on("error", () => undefined);
    this.#world.after(this.#random.delay(HOP_MS), () =>
      process.deliver(() => {
        if (near.destroyed) return;
        const box = this.#at(host);
        if (box?.status === "paused") return;
        if (!box || !answers(box, this.#world.monotonic())) {
          near.destroy(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
          return;
        }
        this.#connections.set(far, { box, run: box.run });
        far.on("close", () => this.#connections.delete(far));
        // The app says goodbye when its client does.
        far.on("end", () => far.end());
        far.resume();
        near.emit("connect");
      }),
    );
    return near;
  }

  #cutDead(): void {
    for (const [socket, { box, run }] of this.#connections)
      if (box.run !== run || box.status !== "running") socket.resetAndDestroy();
  }
}

/** A listening socket. */
class SimServer extends EventEmitter {
  readonly #listeners: Map<number, (socket: Socket) => void>;
  readonly #process: ProcessClock;
  readonly #onConnection: (socket: Socket) => void;
  #port = 0;

  constructor(
    listeners: Map<number, (socket: Socket) => void>,
    process: ProcessClock,
    onConnection: (socket: Socket) => void,
  ) {
    super();
    this.#listeners = listeners;
    this.#process = process;
    this.#onConnection = onConnection;
  }

  listen({ port }: { readonly port: number }, onListening: () => void): this {
    this.#port = port;
    this.#listeners.set(port, (socket) => this.#process.deliver(() => this.#onConnection(socket)));
    queueMicrotask(onListening);
    return this;
  }

  address(): { readonly port: number } {
    return { port: this.#port };
  }

  close(): this {
    this.#listeners.delete(this.#port);
    return this;
  }
}
