/** Overrides of {@link TraefikSettings} for one target. */
export interface TraefikTargetOptions {
  /** False: not published at all. */
  readonly publish?: boolean;
  /** For its TCP listener. Unset: connections reach it without Traefik. */
  readonly tcpEntryPoints?: readonly string[];
  readonly entryPoints?: readonly string[];
  readonly certResolver?: string;
  readonly middlewares?: readonly string[];
}

/** Publishing to Traefik's HTTP provider. */
export interface TraefikSettings {
  /** For `Authorization: Bearer …`. */
  readonly token?: string;
  /** Last segment of the path that needs no token. */
  readonly secretPath?: string;
  /** `[3, 6]`. Unset: what the way of asking proves. */
  readonly version?: readonly [number, number];
  /** Wakegate's listeners as Traefik reaches them. Unset: the host that Traefik asks. */
  readonly internalUrl?: string;
  readonly publicUrl?: string;
  readonly entryPoints: readonly string[];
  readonly certResolver?: string;
  readonly middlewares: readonly string[];
  /** Monitors get 200 from what sleeps. */
  readonly monitors: boolean;
  readonly failOpen?: { readonly entryPoint: string; readonly port: number };
}
