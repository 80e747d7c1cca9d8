/** Why a connection was not passed on; names of a log field, stable. */
export type RefusalReason =
  | "denied"
  | "limit"
  | "wake_limit"
  | "held_down"
  | "wake_failed"
  | "missing"
  | "unreachable"
  | "no_target"
  | "bad_start"
  | "closing";

/** A connection that is not passed on. The message is for the operator. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
