import { messageOf } from "../errors.ts";

/** Where a probe asks. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** An address that was asked. */
export interface ProbedAddress extends HostAndPort {
  /** The port of the app itself, where `port` is another one that leads to it. */
  readonly containerPort?: number;
}

/** One answer, or why there was none. */
export type ProbeResult =
  | { readonly kind: "answer"; readonly status: number; readonly at?: ProbedAddress }
  | {
      readonly kind: "silent";
      readonly error: string;
      /** The machine answered at once that nobody listens there: to ask again costs next to nothing. */
      readonly refused?: true;
      /** Accepted and closed without a byte: what forwards the port is there, and nobody behind it. */
      readonly closed?: true;
      /** Somebody answered in another protocol than the one that was asked for. */
      readonly otherProtocol?: true;
      readonly at?: ProbedAddress;
    };

/** The result of a probe that failed with this error. */
export function silence(error: unknown): ProbeResult {
  const { code } = error as NodeJS.ErrnoException;
  // Where a name has several addresses, Node tells the failures of all of them, and no text.
  const told =
    error instanceof AggregateError && error.message === "" ? (error.errors as unknown[])[0] : error;
  return {
    kind: "silent",
    error: messageOf(told),
    ...(code === "ECONNREFUSED" && { refused: true }),
    ...((code === "ECONNRESET" || code === "EPIPE") && { closed: true }),
    ...((code?.startsWith("HPE_") === true || code === "EPROTO") && { otherProtocol: true }),
  };
}
