/** Every code that an error of Wakegate can carry. Stable: logs, the API and tests rely on them. */
export type ErrorCode =
  | "config_invalid"
  | "listen_failed"
  | "state_unwritable"
  | "state_unreadable"
  | "template_invalid"
  | "usage"
  | "engine_unreachable"
  | "engine_forbidden"
  | "engine_incompatible"
  | "engine_failed"
  | "engine_timeout"
  | "engine_busy"
  | "not_found"
  | "remote_unreachable"
  | "remote_refused"
  | "interrupted"
  | "not_supported"
  | "wake_failed"
  | "removed"
  | "shutting_down";

/** Base of all errors thrown on purpose. The message is a sentence for the operator. */
export class WakegateError extends Error {
  override readonly name: string = "WakegateError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
