import type { Kind } from "./kinds.ts";

/** A refusal, as the API server words it. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly retryAfter: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfter?: number) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }

  /** The `Status` object that tells it. */
  get status(): object {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.retryAfter !== undefined && { details: { retryAfterSeconds: this.retryAfter } }),
      code: this.code,
    };
  }
}

/** `deployments.apps`. */
export function qualified({ group, plural }: Pick<Kind, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

export function notFound(kind: Kind, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualified(kind)} "${name}" not found`);
}

export function conflict(kind: Kind, name: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(kind)} "${name}": the object has been modified; please apply your changes to the latest version and try again`;
  return new ApiError(409, "Conflict", message);
}

export function expired(asked: number, oldest: number): ApiError {
  const message = `too old resource version: ${String(asked)} (${String(oldest)})`;
  return new ApiError(410, "Expired", message);
}
