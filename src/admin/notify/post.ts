import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import type { HttpMessage } from "./channel.ts";

/** How one try ended. */
export type PostResult =
  | { readonly kind: "delivered" }
  /** It may go better later. */
  | { readonly kind: "failed"; readonly why: string; readonly afterMs?: number }
  /** It never will: the configuration has to change. */
  | { readonly kind: "refused"; readonly why: string };

const LIMIT_MS = 10_000;
/** A receiver that wants to wait for longer is tried earlier all the same. */
const LONGEST_WAIT_MS = 10 * 60_000;

/** Posts once. Follows no redirection, reads no body. Rejects only with the reason of `signal`. */
export async function post(message: HttpMessage, clock: Clock, signal: AbortSignal): Promise<PostResult> {
  using limit = deadline(clock, LIMIT_MS, "the receiver", signal);
  try {
    const { statusCode = 0, headers } = await send(message, limit.signal);
    return resultOf(statusCode, headers);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "failed", why: messageOf(limit.signal.aborted ? limit.signal.reason : error) };
  }
}

function resultOf(status: number, headers: IncomingMessage["headers"]): PostResult {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const why = `it answered ${String(status)}`;
  if (status >= 300 && status < 400) {
    const to = URL.canParse(headers.location ?? "") ? ` to ${new URL(headers.location ?? "").host}` : "";
    return {
      kind: "refused",
      why: `${why}, a redirection${to}, which is not followed: write the last address`,
    };
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const seconds = Number(headers["retry-after"]);
    const afterMs = seconds > 0 ? Math.min(seconds * 1_000, LONGEST_WAIT_MS) : undefined;
    return { kind: "failed", why, ...(afterMs !== undefined && { afterMs }) };
  }
  return { kind: "refused", why };
}

function send({ url, headers, body }: HttpMessage, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const make = url.startsWith("https:") ? tlsRequest : plainRequest;
    const request = make(url, {
      method: "POST",
      agent: false,
      signal,
      headers: { "User-Agent": "Wakegate", "Content-Length": Buffer.byteLength(body), ...headers },
    });
    request.on("response", (response) => {
      response.destroy();
      resolve(response);
    });
    request.on("error", reject);
    request.end(body);
  });
}
