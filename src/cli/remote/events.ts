import { sleep, systemClock } from "../../lib/clock.ts";
import { LineDecoder } from "../../lib/ndjson.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { RemoteProblem, type RemoteClient } from "./client.ts";

/** An event as the API streams it. */
export interface RemoteEvent {
  readonly type: string;
  readonly target?: string;
  readonly displayName?: string;
  readonly message: string;
  readonly timestamp: string;
}

/** What of the stream is wanted. */
export interface EventQuery {
  readonly target?: string;
  /** First what is kept. */
  readonly replay: boolean;
  /** Told when the connection is lost and when it is back. */
  readonly onLost?: (message: string) => void;
}

const RETRY = { firstMs: 1_000, maxMs: 10_000 };

/**
 * The events of a Wakegate until the signal aborts; comes back by itself, without a gap, when the connection is lost.
 *
 * @throws WakegateError when the first connection fails, RemoteProblem whenever it is refused.
 */
export async function* remoteEvents(
  client: RemoteClient,
  query: EventQuery,
  signal: AbortSignal,
): AsyncGenerator<RemoteEvent> {
  let lastId: string | undefined;
  const search = new URLSearchParams({
    ...(query.target !== undefined && { target: query.target }),
    ...(query.replay && { replay: "1" }),
  });
  for (let lost = 0; !signal.aborted; lost++) {
    try {
      const headers: Record<string, string> = lastId === undefined ? {} : { "Last-Event-ID": lastId };
      const stream = await client.stream(`/events?${search.toString()}`, headers, signal);
      lost = 0;
      const lines = new LineDecoder();
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        for (const line of lines.push(chunk)) {
          if (line.startsWith("id: ")) lastId = line.slice(4);
          if (line.startsWith("data: ")) yield JSON.parse(line.slice(6)) as RemoteEvent;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RemoteProblem || (lost === 0 && lastId === undefined)) throw error;
      query.onLost?.(error instanceof Error ? error.message : String(error));
    }
    await sleep(systemClock, backoffMs(lost, RETRY), signal).catch(() => undefined);
  }
}
