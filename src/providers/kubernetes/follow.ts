import type { IncomingMessage } from "node:http";
import { sleep } from "../../lib/clock.ts";
import { LineDecoder } from "../../lib/ndjson.ts";
import { ProviderError } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { isGone, KubeFailure, statusOf, translate } from "./errors.ts";
import type { Meta } from "./raw.ts";
import { pathOf, rightTo, type Resource } from "./paths.ts";

/** How a stream of changes is kept going. */
export interface FollowOptions {
  /** How long the server is asked to keep one stream, in seconds. */
  readonly streamSeconds: number;
  /** After so long a silence the stream is opened anew, in ms: servers send a bookmark about each minute. */
  readonly silenceMs: number;
  /** Streams are opened no more often than this, in ms. */
  readonly spacingMs: number;
}

/** One change of an object. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: { readonly metadata: Meta };
}

/** The longest line: an object of etcd has at most 1.5 MB, and some more as JSON. */
const LONGEST_LINE = 16 * 1024 * 1024;

/**
 * Follows the changes of a kind of object from a moment of its history on, over as many streams as it takes, until
 * the signal aborts. A stream that ends, breaks or falls silent goes on where it was.
 *
 * @throws ProviderError for which `isGone` when the history does not reach back so far; else when a stream could not
 *   be opened again at the first try. The signal's reason after its abort.
 */
export async function follow(
  connection: Connection,
  resource: Resource,
  namespace: string | undefined,
  from: string,
  take: (change: Change) => void,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<never> {
  const { clock, engine, log } = connection;
  let resourceVersion = from;
  let failures = 0;
  for (;;) {
    const began = clock.monotonic();
    const before = resourceVersion;
    try {
      await stream(connection, resource, namespace, resourceVersion, options, signal, (change) => {
        resourceVersion = change.object.metadata.resourceVersion ?? resourceVersion;
        if (change.type !== "BOOKMARK") take({ ...change, type: change.type });
      });
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (resourceVersion !== before) failures = 0;
      if (isGone(error) || failures++ > 0 || !isBroken(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      log("debug", "stream of changes lost", { engine, resource: resource.plural, reason });
    }
    const leftMs = options.spacingMs - (clock.monotonic() - began);
    // After a break the first try is made at once: a server that is gone is known to be so then.
    if (leftMs > 0 && failures === 0) await sleep(clock, leftMs, signal);
  }
}

interface Sent {
  readonly type: string;
  readonly object: { readonly metadata: Meta };
}

/** One stream to its end. Throws when it could not be opened, broke, or told of a failure. */
async function stream(
  connection: Connection,
  resource: Resource,
  namespace: string | undefined,
  resourceVersion: string,
  { streamSeconds, silenceMs }: FollowOptions,
  signal: AbortSignal,
  take: (change: { readonly type: Change["type"] | "BOOKMARK"; readonly object: Sent["object"] }) => void,
): Promise<void> {
  const right = rightTo("watch", resource);
  const what = namespace ?? "all namespaces";
  const context = { engine: connection.engine, url: "the API server", who: "Wakegate", right, what };
  const query = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds: streamSeconds };
  const incoming = await connection.stream({ right, path: pathOf(resource, namespace), query, what }, signal);
  let silent = false;
  let silence: Disposable | undefined;
  const listen = (): void => {
    silence?.[Symbol.dispose]();
    silence = connection.clock.after(silenceMs, () => {
      silent = true;
      incoming.destroy();
    });
  };
  try {
    listen();
    for await (const line of linesOf(incoming, listen)) {
      const { type, object } = JSON.parse(line) as Sent;
      switch (type) {
        case "ADDED":
        case "MODIFIED":
        case "DELETED":
        case "BOOKMARK":
          take({ type, object });
          break;
        case "ERROR":
          throw failureOf(object);
        default:
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!silent) throw translate(error instanceof SyntaxError ? cut() : error, context);
  } finally {
    silence?.[Symbol.dispose]();
    incoming.destroy();
  }
}

/** The whole lines of a stream. What is cut off in the middle is told anew by the next one. */
async function* linesOf(incoming: IncomingMessage, onData: () => void): AsyncGenerator<string> {
  const lines = new LineDecoder(LONGEST_LINE);
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    onData();
    yield* lines.push(chunk);
  }
}

/** The `Status` of an event that is no change but a failure. */
function failureOf(object: unknown): KubeFailure {
  const { code, reason, message } = object as { code?: number; reason?: string; message?: string };
  return new KubeFailure(code ?? 500, reason ?? "", message ?? "the stream of changes failed");
}

function cut(): Error {
  return Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}

/** What may be better at the next try: no answer, or one of a server that is troubled. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false;
  const status = statusOf(error);
  return status === undefined ? error.code !== "engine_forbidden" : status >= 500 || status === 429;
}
