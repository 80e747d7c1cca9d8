import type { AddressInfo, Server, Socket } from "node:net";
import type { ListenAddress } from "../../config/model/stream.ts";
import { formatListenAddress } from "../../config/values/listen-address.ts";
import { messageOf } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals, type LinkedSignal } from "../../lib/signals.ts";
import { KEEP_ALIVE_MS } from "../dial.ts";
import type { TcpPlan } from "../plan.ts";
import { serveConnection, type ConnectionParts } from "./connection.ts";

/** Connections that have not said yet which target they want, at most. */
const MOST_UNDECIDED = 1_024;
/** Connections that the system may accept for us while we are busy. */
const BACKLOG = 4_096;
const RETRY = { firstMs: 500, maxMs: 30_000 };

/** One open address. It outlives sleep, wake, recreation and reload: only its plan changes. */
export class TcpListener {
  plan: TcpPlan;
  readonly #parts: ConnectionParts;
  /** Ends what waits; sessions go on. */
  readonly #closing: LinkedSignal;
  readonly #server: Server;
  readonly #sessions = new Set<Socket>();
  /** Those that have not said yet which target they want, oldest first. */
  readonly #undecided = new Set<Socket>();
  #open = false;

  constructor(plan: TcpPlan, parts: ConnectionParts, signal: AbortSignal) {
    this.plan = plan;
    this.#parts = parts;
    this.#closing = linkSignals(signal);
    this.#server = parts.net.createServer(
      {
        allowHalfOpen: true,
        pauseOnConnect: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (socket) => this.#accept(socket),
    );
  }

  /** Where it listens; undefined while it does not. With port 0 asked for, the port it was given. */
  get address(): ListenAddress | undefined {
    const address = this.#open ? (this.#server.address() as AddressInfo | null) : null;
    return address ? { host: this.plan.address.host, port: address.port } : undefined;
  }

  /** Client sockets that are open. */
  get sessions(): ReadonlySet<Socket> {
    return this.#sessions;
  }

  /** Opens it. When the address is taken that is said, and tried again until it is closed. Never rejects. */
  async open(): Promise<void> {
    const failure = await this.#listen();
    const at = formatListenAddress(this.plan.address);
    if (failure === undefined) {
      this.#parts.log.info("stream_listening", `listens on ${at} for ${targetsOf(this.plan)}`, {
        listener: at,
      });
      return;
    }
    this.#parts.log.error("stream_listen_failed", `cannot listen on ${at}: ${failure}. It is tried again.`, {
      listener: at,
    });
    void this.#retry(at);
  }

  async #retry(at: string): Promise<void> {
    try {
      for (let attempt = 0; ; attempt++) {
        await sleep(this.#parts.clock, backoffMs(attempt, RETRY), this.#closing.signal);
        if ((await this.#listen()) === undefined) break;
      }
      this.#parts.log.info("stream_listening", `listens on ${at} now`, { listener: at });
    } catch {
      // Closed meanwhile.
    }
  }

  /** Why it does not listen; undefined: it does. */
  #listen(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const onError = (error: Error): void => resolve(messageOf(error));
      this.#server.once("error", onError);
      const { host, port } = this.plan.address;
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off("error", onError);
        this.#server.on("error", (error) =>
          this.#parts.log.warn(
            "stream_accept_failed",
            `${formatListenAddress(this.plan.address)}: ${error.message}`,
          ),
        );
        this.#open = true;
        if (this.#closing.signal.aborted) this.#server.close();
        resolve(undefined);
      });
    });
  }

  #accept(socket: Socket): void {
    // Gone before it was accepted: nobody knows any more who it was.
    const gone = socket.remoteAddress === undefined;
    if (gone || this.#closing.signal.aborted) {
      socket.resetAndDestroy();
      return;
    }
    // Those who have been silent for longest make room: a flood of them keeps nobody out who speaks.
    const [oldest] = this.#undecided;
    if (oldest && this.#undecided.size >= MOST_UNDECIDED) {
      this.#undecided.delete(oldest);
      oldest.resetAndDestroy();
    }
    this.#sessions.add(socket);
    this.#parts.traffic.follow(socket);
    socket.once("close", () => this.#sessions.delete(socket));
    this.#undecided.add(socket);
    const decide = (): void => void this.#undecided.delete(socket);
    void serveConnection(socket, this.plan, this.#parts, decide, this.#closing.signal);
  }

  /** Accepts nothing more and turns away what waits. Open sessions go on. */
  close(reason: Error): void {
    this.#closing.abort(reason);
    this.#closing[Symbol.dispose]();
    if (this.#open) this.#server.close();
    this.#open = false;
  }
}

function targetsOf({ byName }: TcpPlan): string {
  return [...new Set([...byName.values()].map(({ target }) => target))].join(", ");
}
