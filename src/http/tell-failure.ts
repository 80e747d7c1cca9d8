import { messageOf } from "../errors.ts";
import type { Log } from "../lib/log.ts";

/** What a write or a read says when the client has left. */
const GONE: ReadonlySet<unknown> = new Set([
  "EPIPE",
  "ECONNRESET",
  "ECONNABORTED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_DESTROYED",
]);

/** Says that an answer failed. That a client left before its answer is news to nobody. */
export function tellFailure(error: unknown, log: Log): void {
  const code = (error as { readonly code?: unknown } | null)?.code;
  log[GONE.has(code) ? "debug" : "error"]("http_failed", messageOf(error), { error });
}
