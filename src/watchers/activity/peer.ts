/** Who is at the other end of a connection. */
export interface Peer {
  /** A container's name, `this host`, or the address. */
  readonly name: string;
  readonly address: string;
  /**
   * `proxy`: asks us for verdicts, so that its open connections are a pool unless something says otherwise;
   * `host`: a program on the engine's host that is not known to be a proxy; `own`: Wakegate itself.
   */
  readonly kind: "proxy" | "container" | "host" | "outside" | "own";
}
