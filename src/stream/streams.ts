import type { Socket } from "node:net";
import type { ListenAddress } from "../config/model/stream.ts";
import type { Clock } from "../lib/clock.ts";
import { sleep } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { DirectoryEntry, TargetDirectory } from "../watchers/handle.ts";
import { Gateway } from "./gateway.ts";
import { systemNet, type Net } from "./net.ts";
import { listeningSpecs, planStreams, type ListeningSpec } from "./plan.ts";
import { RefusalLog } from "./refusal-log.ts";
import { RefusedError } from "./refused.ts";
import { reset } from "./reset.ts";
import type { ConnectionParts } from "./tcp/connection.ts";
import { Traffic } from "./traffic.ts";
import { TcpListener } from "./tcp/listener.ts";
import { UdpListener } from "./udp/listener.ts";

/** What streams are built from. */
export interface StreamsOptions {
  readonly directory: TargetDirectory;
  readonly clock: Clock;
  readonly log: Log;
  /** How long open sessions may go on after the end was asked for. Default: 5 s. */
  readonly graceMs?: number;
  /** For TCP. Default: the machine's own network. */
  readonly net?: Net;
}

const GRACE_MS = 5_000;
/** How often the end looks whether the last session is over. */
const LOOK_MS = 20;

/**
 * All TCP and UDP listeners, kept in step with the targets: a listener is opened when the first target wants it
 * and closed when the last one is gone from the configuration, never because a target sleeps, wakes or is created anew.
 */
export class Streams implements AsyncDisposable {
  readonly #options: StreamsOptions;
  readonly #tcp = new Map<string, TcpListener>();
  readonly #udp = new Map<string, UdpListener>();
  readonly #gateways = new Map<string, Gateway>();
  /** Listeners that were taken away while their sessions go on. */
  readonly #leaving = new Set<TcpListener>();
  readonly #parts: ConnectionParts;
  readonly #closing = new AbortController();
  readonly #subscription: Disposable;
  #specs: ReadonlyMap<string, ListeningSpec> = new Map();
  #entries: ReadonlyMap<string, DirectoryEntry> = new Map();
  #conflicts = new Set<string>();
  #due: Disposable | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
    const { clock, log, net = systemNet } = options;
    this.#parts = {
      clock,
      log,
      net,
      refusals: new RefusalLog(log, clock),
      gateway: (target) => this.#gateway(target),
      outgoing: new Set<Socket>(),
      traffic: new Traffic(),
    };
    // A directory changes often and in bursts; one look at the end of each is enough.
    this.#subscription = options.directory.changed.subscribe(() => {
      this.#due ??= clock.after(0, () => {
        this.#due = undefined;
        void this.#sync();
      });
    });
  }

  /** Opens the listeners of all targets that are known now. One that cannot open is logged and tried again. */
  static async open(options: StreamsOptions): Promise<Streams> {
    const streams = new Streams(options);
    await streams.#sync();
    return streams;
  }

  /** Where is listened, by the address asked for (`127.0.0.1:0`), UDP with `/udp` at the end. */
  get listening(): ReadonlyMap<string, ListenAddress> {
    const open: [string, ListenAddress][] = [];
    for (const [at, { address }] of this.#tcp) if (address) open.push([at, address]);
    for (const [at, { address }] of this.#udp) if (address) open.push([`${at}/udp`, address]);
    return new Map(open);
  }

  /** Open TCP connections, waiting ones included. */
  get sessions(): number {
    let count = 0;
    for (const { sessions } of [...this.#tcp.values(), ...this.#leaving]) count += sessions.size;
    return count;
  }

  /** Bytes through all TCP connections since the start. */
  get bytes(): Traffic["bytes"] {
    return this.#parts.traffic.bytes;
  }

  async #sync(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { entries } = this.#options.directory;
    this.#specs = listeningSpecs(entries, this.#specs);
    this.#entries = new Map(
      entries.flatMap((entry) => (this.#specs.has(entry.name) ? [[entry.name, entry] as const] : [])),
    );
    const plan = planStreams(this.#specs.values());
    for (const conflict of plan.conflicts) {
      if (!this.#conflicts.has(conflict)) this.#options.log.warn("stream_conflict", conflict);
    }
    this.#conflicts = new Set(plan.conflicts);
    for (const [name, gateway] of this.#gateways) {
      if (this.#specs.has(name)) continue;
      gateway[Symbol.dispose]();
      this.#gateways.delete(name);
    }
    const opening: Promise<void>[] = [];
    const gone = new RefusedError("closing", "this listener is not configured any more");
    for (const [at, listener] of this.#tcp) {
      if (plan.tcp.has(at)) continue;
      listener.close(gone);
      this.#tcp.delete(at);
      this.#leaving.add(listener);
    }
    for (const [at, listener] of this.#udp) {
      if (plan.udp.has(at)) continue;
      listener.close();
      this.#udp.delete(at);
    }
    for (const [at, tcp] of plan.tcp) {
      const listener = this.#tcp.get(at);
      if (listener) listener.plan = tcp;
      else {
        const opened = new TcpListener(tcp, this.#parts, this.#closing.signal);
        this.#tcp.set(at, opened);
        opening.push(opened.open());
      }
    }
    for (const [at, udp] of plan.udp) {
      const listener = this.#udp.get(at);
      if (listener) listener.plan = udp;
      else {
        const opened = new UdpListener(udp, this.#parts, this.#closing.signal);
        this.#udp.set(at, opened);
        opening.push(opened.open());
      }
    }
    for (const listener of this.#leaving) if (listener.sessions.size === 0) this.#leaving.delete(listener);
    await Promise.all(opening);
  }

  #gateway(target: string): Gateway {
    const entry = this.#entries.get(target);
    const handle = entry?.handle;
    if (!handle) throw new RefusedError("missing", entry?.unavailable ?? `${target} is not known any more`);
    const known = this.#gateways.get(target);
    if (known?.handle === handle) return known;
    known?.[Symbol.dispose]();
    const gateway = new Gateway(handle, this.#options.clock, this.#parts.net);
    this.#gateways.set(target, gateway);
    return gateway;
  }

  /** Turns away what waits, lets sessions end for a while, then cuts what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock, graceMs = GRACE_MS, log } = this.#options;
    if (this.#closing.signal.aborted) return;
    this.#subscription[Symbol.dispose]();
    this.#due?.[Symbol.dispose]();
    const reason = new RefusedError("closing", "Wakegate is shutting down");
    this.#closing.abort(reason);
    const listeners = [...this.#tcp.values(), ...this.#leaving];
    for (const listener of listeners) listener.close(reason);
    for (const listener of this.#udp.values()) listener.close();
    const end = clock.monotonic() + graceMs;
    while (this.sessions > 0 && clock.monotonic() < end) await sleep(clock, LOOK_MS);
    if (this.sessions > 0) {
      log.info("stream_cut", `${String(this.sessions)} open connections are cut`, { count: this.sessions });
    }
    for (const { sessions } of listeners) for (const socket of sessions) reset(socket);
    for (const socket of this.#parts.outgoing) reset(socket);
    for (const gateway of this.#gateways.values()) gateway[Symbol.dispose]();
  }
}
