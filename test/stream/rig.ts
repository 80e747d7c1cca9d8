import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { ForwardSpec, StreamOptions, TcpSpec } from "../../src/config/model/stream.ts";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { whenProvenEnd } from "../../src/stream/proven-end.ts";
import { Streams } from "../../src/stream/streams.ts";
import { FakeDirectory, FakeTarget, STREAM, targetSpec } from "../support/fake-target.ts";
import { RecordingLog } from "../support/recording-log.ts";

export const ANY = { host: "127.0.0.1", port: 0 } as const;

/** Streams before fake targets, on real sockets. */
export interface Rig extends AsyncDisposable {
  readonly streams: Streams;
  readonly directory: FakeDirectory;
  readonly log: RecordingLog;
  /** The port of the listener that was asked for as 127.0.0.1:0, or as `at` says. */
  port(at?: string): number;
}

export function startRig(...targets: readonly FakeTarget[]): Promise<Rig> {
  return startRigOn(systemClock, ...targets);
}

/** A rig whose waits are counted by a clock of the test's. */
export async function startRigOn(clock: Clock, ...targets: readonly FakeTarget[]): Promise<Rig> {
  const directory = new FakeDirectory(...targets);
  const log = new RecordingLog();
  const streams = await Streams.open({ directory, clock, log, graceMs: 200 });
  return {
    streams,
    directory,
    log,
    port: (at = "127.0.0.1:0") => {
      const address = streams.listening.get(at);
      if (!address) throw new Error(`nothing listens on ${at}: ${JSON.stringify(log.lines)}`);
      return address.port;
    },
    [Symbol.asyncDispose]: () => streams[Symbol.asyncDispose](),
  };
}

/** A sleeping target with one TCP listener, or with those of `listeners`. */
export function streamTarget(
  name: string,
  stream: Partial<StreamOptions> = {},
  listeners: { readonly tcp?: readonly TcpSpec[]; readonly udp?: readonly ForwardSpec[] } = {
    tcp: [{ listen: ANY }],
  },
): FakeTarget {
  const spec = targetSpec(name, { routes: [], wakeTimeoutMs: 5_000, ...listeners });
  return new FakeTarget({ ...spec, stream: { ...STREAM, ...stream } });
}

/** A TCP server of the test's own. */
export interface App extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly sockets: Set<Socket>;
}

export async function startApp(onSocket: (socket: Socket) => void): Promise<App> {
  const stack = new AsyncStack();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 });
  await once(server, "listening");
  stack.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, sockets, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

/** Sends everything back, and the end when the end comes. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** The target's app is there from now on. */
export function awake(target: FakeTarget, app: App): void {
  target.reachedAt = [{ host: "127.0.0.1", port: app.port, via: "network" }];
  target.set({ kind: "ready" });
}

/** A client's connection that keeps what it heard. */
export interface Client extends Disposable {
  readonly socket: Socket;
  heard(): string;
  /** How it ended: `end`, `ECONNRESET`, or undefined while it is open. */
  readonly ended: Promise<string>;
  /** Resolves when so much was heard. */
  until(text: string): Promise<void>;
}

export async function dialIn(port: number, host = "127.0.0.1"): Promise<Client> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  const ended = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    // As for Wakegate's own sockets, a reset that comes with bytes looks like an end at first.
    socket.on("end", () => whenProvenEnd(socket, () => resolve("end")));
  });
  // A refusal may be faster than the news of the connection.
  await Promise.race([once(socket, "connect").catch(() => undefined), ended]);
  return {
    socket,
    heard: () => heard,
    ended,
    async until(text) {
      while (!heard.includes(text)) await once(socket, "data");
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Waits until it is so; fails after 30 s. */
export async function eventually(condition: () => boolean, what = "it"): Promise<void> {
  const end = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
