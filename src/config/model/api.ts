/** Who may use the API and the dashboard. */
export interface ApiSettings {
  readonly tokens: readonly ApiToken[];
  /** Absolute path. */
  readonly tokenFile?: string;
  /** Lower case. */
  readonly userHeader?: string;
  /** Unset: everybody whom the header names. */
  readonly admins?: readonly string[];
  readonly metrics: "open" | "token";
  /** True in the container image: without any token, one is made and printed once. */
  readonly makeToken: boolean;
}

/** A token, never in plain. */
export interface ApiToken {
  /** SHA-256 in lower-case hexadecimal. */
  readonly hash: string;
  readonly access: "admin" | "read";
}
