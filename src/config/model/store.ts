import type { SecretSource } from "./engine.ts";

/** The Redis or Valkey that replicas share. */
export interface RedisStoreSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM file of the authority that signed the server's certificate. Unset: the system's. */
  readonly caFile?: string;
  readonly database: number;
  readonly username?: string;
  readonly password?: SecretSource;
  /** Wakegates with the same word belong together: part of every key. */
  readonly cluster: string;
  /** How this one is called. Unset: by the machine's name. */
  readonly name?: string;
  /** How long a Wakegate counts as alive without a sign of it. */
  readonly leaseMs: number;
  /** How long nothing is put to sleep after one was lost. */
  readonly lostGraceMs: number;
}
