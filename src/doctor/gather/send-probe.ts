import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import { messageOf } from "../../errors.ts";
import { probeHeaders } from "../../forward-auth/probes.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import type { Reply } from "../scene.ts";
import type { Entry } from "./entries.ts";

/** A proxy that holds the probe for longer has sent it to somebody else. */
const LIMIT_MS = 4_000;

/** One request as a visitor of `host`. */
export interface ProbeRequest {
  readonly host: string;
  readonly path: string;
  readonly secret: string;
}

/** Sends a probe to the proxy and tells what came back. Follows nothing; rejects only for `signal`. */
export async function sendProbe(
  entry: Entry,
  request: ProbeRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<Reply> {
  using limit = deadline(clock, LIMIT_MS, request.host, signal);
  try {
    const sent = clock.now();
    const { statusCode = 0, headers } = await send(entry, request, limit.signal);
    const date = Date.parse(headers.date ?? "");
    return {
      kind: "answered",
      status: statusCode,
      ...text("wakegate", headers["x-wakegate"]),
      ...text("server", headers["server"]),
      ...text("location", headers.location),
      // Whole seconds: the middle of the second is the best guess.
      ...(!Number.isNaN(date) && { clockAheadMs: date + 500 - sent }),
    };
  } catch (error) {
    signal.throwIfAborted();
    const why = limit.signal.aborted ? limit.signal.reason : error;
    return { kind: "failed", message: messageOf(why) };
  }
}

function text<K extends string>(key: K, value: string | string[] | undefined): Partial<Record<K, string>> {
  return typeof value === "string" ? ({ [key]: value.slice(0, 200) } as Record<K, string>) : {};
}

function send(
  entry: Entry,
  { host, path, secret }: ProbeRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { protocol, host: hostname, port } = entry;
  const usual = protocol === "https" ? 443 : 80;
  return new Promise((resolve, reject) => {
    const make = protocol === "https" ? tlsRequest : plainRequest;
    const request = make({
      hostname,
      port,
      path,
      signal,
      agent: false,
      // As a browser would: others are pages, and we want the shortest answer.
      headers: {
        Host: port === usual ? host : `${host}:${String(port)}`,
        Accept: "*/*",
        Connection: "close",
        ...probeHeaders(secret),
      },
      // Whose certificate it is does not matter here: nothing secret is sent that outlives the question.
      ...(protocol === "https" && { servername: host, rejectUnauthorized: false }),
    });
    request.on("response", (response) => {
      response.destroy();
      resolve(response);
    });
    request.on("error", reject);
    request.end();
  });
}
