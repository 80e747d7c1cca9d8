import { WakegateError } from "../errors.ts";
import type { Failure, FailureReason } from "./progress.ts";

/** What is known of a failure where it happens; when, and how often, is added by the watcher. */
export type FailureFacts = Omit<Failure, "at" | "tries" | "nextTryAt" | "final">;

/** A wake that cannot succeed any more. The message is for the operator and complete. */
export class WakeFailedError extends WakegateError {
  override readonly name = "WakeFailedError";
  readonly facts: FailureFacts;

  constructor(
    reason: FailureReason,
    message: string,
    facts: Omit<FailureFacts, "reason" | "message"> = {},
    options?: ErrorOptions,
  ) {
    super("wake_failed", message, options);
    this.facts = { reason, message, ...facts };
  }
}

/** The failure's sentence and, where the app left a log, its last line: for the log, and where logs are shown. */
export function withLastWords({ message, log }: Pick<Failure, "message" | "log">): string {
  const last = log?.at(-1);
  return last === undefined ? message : `${message} Its last line: ${last}`;
}
