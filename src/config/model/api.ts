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
  /** The command that prints this installation's own admin token, for whoever is asked for one. */
  readonly tokenCommand: string;
}

/** A token, never in plain. */
export interface ApiToken {
  /** SHA-256 in lower-case hexadecimal. */
  readonly hash: string;
  readonly access: "admin" | "read";
  /** How pins and the log name who has it. Default: `token`. */
  readonly name?: string;
}
