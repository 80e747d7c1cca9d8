import type { SecretSource } from "./engine.ts";

/** Who is told, and of what. */
export interface NotifySettings {
  readonly events: readonly NewsEvent[];
  readonly engineGraceMs: number;
  readonly repeatAfterMs: number;
  readonly webhook?: {
    /** May hold a secret itself: never to be logged but for its host. */
    readonly url: string;
    readonly secret?: SecretSource;
  };
  readonly ntfy?: {
    /** No trailing slash. */
    readonly url: string;
    readonly topic: string;
    readonly token?: SecretSource;
    readonly priority: "min" | "low" | "default" | "high" | "max";
    readonly title?: string;
  };
}

export type NewsEvent =
  "wake_failed" | "stop_failed" | "crash_loop" | "engine_gone" | "engine_back" | "never_slept";
