export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** How connections of a target's listeners are treated. */
export interface StreamOptions {
  readonly protocol: StreamProtocol;
  /** TLS server names or Minecraft hosts that lead here, lower case; `*.` for one label. Empty: all others. */
  readonly names: readonly string[];
  readonly wakeOn: "connect" | "first_bytes" | "tls_hello";
  /** CIDR blocks. Empty: everybody. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly maxConnections: number;
  readonly maxPerClient: number;
  readonly wakesPerMinute: number;
  /** A session that is silent for longer is no use any more. Unset: every open session is. */
  readonly sessionIdleMs?: number;
  readonly udpTimeoutMs: number;
  /** Peers that must send a PROXY protocol header. */
  readonly acceptProxy: readonly string[];
  readonly sendProxy: "off" | "v1" | "v2";
  /** Players whose login wakes a Minecraft server. Empty: all. */
  readonly players: readonly string[];
}

export type StreamProtocol = "tcp" | "tls" | "minecraft";

/** A listener and the port of the target that it leads to. */
export interface ForwardSpec {
  readonly listen: ListenAddress;
  /** Unset: the target's `port`, else the lowest exposed one. */
  readonly port?: number;
}

export interface TcpSpec extends ForwardSpec {
  /** Unset: as `stream` says. */
  readonly protocol?: StreamProtocol;
  readonly names?: readonly string[];
}
