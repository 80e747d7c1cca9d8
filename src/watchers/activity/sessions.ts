import type { Use } from "../handle.ts";
import type { Connection } from "./connections.ts";
import type { Evidence } from "./evidence.ts";

/**
 * Presumed sessions of one target. We see the handshake of a WebSocket, an event stream or a gRPC stream, and
 * nothing after it: the bytes go past us. How the end is found, where connections can be read:
 *
 * - A session that goes through a proxy is one established connection from that proxy, and stays the same one
 *   until it ends. A proxy may take an idle connection of its pool for it, so it can be older than the handshake.
 * - So the first look after a handshake takes all connections from proxies as candidates. Each later look keeps
 *   those that are still there; new ones belong to later requests, or to a later handshake, which begins anew.
 * - Pools empty themselves: Traefik closes what was idle for 90 s, Caddy after 120 s, and a target is looked at
 *   when it was not used for longer than that, or once more later. What is still there is a session, or the
 *   connection that a proxy's own health check keeps busy.
 * - Health checks are told apart by number, not by identity, because any idle connection may serve them: looks
 *   without a session learn how many connections are open when nobody uses the target. A session is alive while
 *   candidates survive and more are open than that.
 * - While that number is not known (a session was there from the beginning), the doubt keeps the target awake.
 *   It is shown, and the number is kept for later runs as soon as it is known.
 *
 * Where connections cannot be read, a session lasts until two windows in a row moved no more bytes than noise:
 * a ping every 20 s is seen, a silent WebSocket is not, and the target says that it is blind to those.
 */
export class Sessions {
  #began: number | undefined;
  #by: Use | undefined;
  #candidates: ReadonlySet<string> | undefined;

  /** Monotonic ms of the last handshake while a session is presumed; else undefined. */
  get began(): number | undefined {
    return this.#began;
  }

  /** Who opened the last one, where known. */
  get by(): Use | undefined {
    return this.#by;
  }

  begin(at: number, by?: Use): void {
    this.#began = at;
    this.#by = by;
    this.#candidates = undefined;
  }

  end(): void {
    this.#began = undefined;
    this.#by = undefined;
    this.#candidates = undefined;
  }

  /** Looks at the proxies' connections and forgets the sessions when none of them can be one. */
  judge(proxied: readonly Connection[], usual: number | undefined, now: number): Evidence {
    if (this.#began === undefined) return { source: "session", kind: "quiet", detail: "none open" };
    const alive = proxied.filter(({ key }) => this.#candidates?.has(key) ?? true);
    this.#candidates = new Set(alive.map(({ key }) => key));
    const numbers = { connections: alive.length, usual: usual ?? 0 };
    if (alive.length === 0 || proxied.length <= (usual ?? 0)) {
      this.end();
      return { source: "session", kind: "quiet", detail: "its connection is closed", numbers };
    }
    const who = [this.#by?.client ?? alive[0]?.peer.name ?? "somebody"];
    const minutes = Math.round((now - this.#began) / 60_000);
    const path = this.#by?.path === undefined ? "" : ` on ${this.#by.path}`;
    const detail = `a WebSocket or stream of ${who.join()}${path}, opened ${String(minutes)} min ago, is still connected`;
    return { source: "session", kind: "in-use", detail, numbers, who };
  }
}
