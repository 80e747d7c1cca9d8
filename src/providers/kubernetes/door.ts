import { Agent } from "node:https";
import { isIP } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { readFileOf, type Access } from "./access.ts";

/** How long a token is believed before its file is read again; what client-go does. */
const TOKEN_MS = 60_000;

/** A way in, as it was read at some time. */
export class Door implements Disposable {
  readonly access: Access;
  readonly to: { readonly host: string; readonly port: number };
  readonly base: string;
  readonly kept: Agent;
  readonly streams: Agent;
  readonly #engine: string;
  readonly #clock: Clock;
  #token: { readonly text: string; readonly at: number } | undefined;

  constructor(engine: string, access: Access, clock: Clock) {
    const { hostname, port, pathname } = new URL(access.url);
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const { login, ca, serverName, insecure } = access;
    const tls = {
      ...(ca !== undefined && { ca }),
      ...(login.kind === "certificate" && { cert: login.cert, key: login.key }),
      ...(serverName !== undefined ? { servername: serverName } : isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: !insecure,
      minVersion: "TLSv1.2" as const,
    };
    this.access = access;
    this.to = { host, port: Number(port) || 443 };
    this.base = pathname.replace(/\/+$/, "");
    // Idle connections of ours end before those of the server do, which keeps them for minutes.
    this.kept = new Agent({ ...tls, keepAlive: true, maxSockets: 8, timeout: 60_000 });
    this.streams = new Agent({ ...tls, keepAlive: false });
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Read from its file once a minute. @throws ProviderError `engine_incompatible` where that cannot be read. */
  token(): string | undefined {
    const { login } = this.access;
    if (login.kind === "token") return login.token;
    if (login.kind !== "token-file") return undefined;
    const now = this.#clock.monotonic();
    if (!this.#token || now - this.#token.at > TOKEN_MS)
      this.#token = { text: readFileOf(this.#engine, login.file).trim(), at: now };
    return this.#token.text;
  }

  [Symbol.dispose](): void {
    // Streams go on: they are their readers' to end. What is asked just now is answered.
    for (const sockets of Object.values(this.kept.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}
