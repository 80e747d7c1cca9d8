import type { IncomingMessage } from "node:http";
import { backoffMs, type BackoffOptions } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { LineDecoder } from "../../lib/ndjson.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { EngineChange, EngineSink, EngineSnapshot } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { isCut, translate } from "./errors.ts";
import { EVENT_FILTERS, toChange } from "./events.ts";
import { list } from "./list.ts";
import { get, openStream } from "./modem.ts";
import { findSelf } from "./self.ts";

/** How a lost event stream is regained. */
export interface WatchOptions {
  readonly backoff: BackoffOptions;
  /** A stream that lived so long was a good one: the next loss is retried at once. */
  readonly steadyMs: number;
  /** TCP only: after so long a silence the engine is asked whether it still lives. */
  readonly silenceMs: number;
  /** So long after something that we did, its event must have come; else the stream is open but dead. */
  readonly deafMs: number;
}

/** What is followed of an engine: its containers, or the services of a swarm. */
export interface Feed {
  /** What the engine is asked to send. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  /** The change that one line of the event stream tells, if any. @throws SyntaxError when it is no JSON. */
  toChange(line: string): EngineChange | undefined;
  list(connection: Connection, signal: AbortSignal): Promise<EngineSnapshot>;
}

const CONTAINERS: Feed = {
  filters: EVENT_FILTERS,
  toChange,
  async list(connection, signal) {
    const instances = await list(connection, signal);
    const selfId = findSelf(instances);
    return { instances, ...(selfId !== undefined && { selfId }) };
  },
};

export const WATCH_DEFAULTS: WatchOptions = {
  backoff: { firstMs: 250, maxMs: 15_000, jitter: 0.3 },
  steadyMs: 5_000,
  silenceMs: 60_000,
  deafMs: 5_000,
};

/**
 * Follows the engine until the abort; see `Provider.watch`. A stream that ends and is regained at the first try
 * (a proxy's time limit, an engine's restart with live containers) was a gap, not an outage; where that try is cut
 * itself, it is taken once more.
 */
export async function watch(
  connection: Connection,
  sink: EngineSink,
  signal: AbortSignal,
  options: WatchOptions = WATCH_DEFAULTS,
  feed: Feed = CONTAINERS,
): Promise<void> {
  const { clock } = connection;
  let away = false;
  /** It was listed, and no try since then was cut. */
  let good = false;
  let attempt = 0;
  while (!signal.aborted) {
    let listedAt: number | undefined;
    try {
      await session(connection, signal, options, feed, sink, () => {
        listedAt = clock.monotonic();
        away = false;
        good = true;
      });
    } catch (failure) {
      if (signal.aborted) return;
      const error = translate(failure, connection.engine, connection.address, "events");
      if (listedAt !== undefined) {
        connection.log("debug", "event stream lost", { engine: connection.engine, reason: error.message });
      } else if (good && isCut(error)) {
        good = false;
      } else if (!away) {
        away = true;
        good = false;
        sink.away(error);
      }
    }
    if (listedAt !== undefined && clock.monotonic() - listedAt >= options.steadyMs) attempt = 0;
    const atOnce = listedAt !== undefined && attempt === 0;
    const delayMs = atOnce ? 0 : backoffMs(attempt, options.backoff);
    attempt++;
    await sleep(clock, delayMs, signal).catch(() => undefined);
  }
}

/** One event stream from its opening to its end. Throws when it could not be opened, listed or read. */
async function session(
  connection: Connection,
  parent: AbortSignal,
  options: WatchOptions,
  feed: Feed,
  sink: EngineSink,
  onListed: () => void,
): Promise<void> {
  await connection.renew(parent);
  using lifetime = linkSignals(parent);
  const { signal } = lifetime;
  // The engine answers before it subscribes us, so it is asked to look back to this moment. Over TCP its clock
  // may be another; there the way of the listing takes longer than the subscription.
  const now = (connection.clock.now() / 1000).toFixed(3);
  const query = { filters: feed.filters, ...(connection.address.kind === "unix" && { since: now }) };
  let stream: IncomingMessage | undefined;
  try {
    stream = await connection.call("events", signal, (docker) =>
      openStream(docker, "/events", query, signal),
    );
    // What happens while the listing is made is told after it.
    let held: EngineChange[] | undefined = [];
    const reading = read(connection, stream, signal, options, (line) => {
      const change = feed.toChange(line);
      if (!change) return;
      if (change.exitCode !== undefined) connection.exitCodes.set(change.id, change.exitCode);
      if (held) held.push(change);
      else sink.changed(change);
    });
    const listing = async (): Promise<void> => {
      const snapshot = await feed.list(connection, signal);
      onListed();
      sink.listed(snapshot);
      const waiting = held ?? [];
      held = undefined;
      for (const change of waiting) sink.changed(change);
    };
    await Promise.all([listing(), reading]);
  } finally {
    lifetime.abort(new Error("the session is over"));
    stream?.destroy();
  }
}

/** Reads events until the stream ends; throws when it breaks or makes no sense, which is a gap as well. */
async function read(
  connection: Connection,
  stream: IncomingMessage,
  signal: AbortSignal,
  { silenceMs, deafMs }: WatchOptions,
  take: (line: string) => void,
): Promise<void> {
  const { clock } = connection;
  const lines = new LineDecoder();
  let silence: Disposable | undefined;
  /** A peer that vanished without a word leaves a TCP stream silent for ever; a unix socket cannot. */
  const listen = (): void => {
    silence?.[Symbol.dispose]();
    if (connection.address.kind === "tcp") silence = clock.after(silenceMs, check);
  };
  const check = (): void => {
    connection
      .call("ping", signal, (docker, abortSignal) => get(docker, "/_ping", abortSignal))
      .then(listen, (error: unknown) => stream.destroy(error as Error));
  };
  /** A proxy may keep a stream open whose engine side is gone: then not even our own doing is told. */
  let deaf: Disposable | undefined;
  const unheard = connection.unheard.subscribe(() => {
    deaf ??= clock.after(deafMs, () =>
      stream.destroy(new Error("the event stream says nothing of what was done")),
    );
  });
  if (connection.address.kind === "tcp") stream.socket.setKeepAlive(true, 30_000);
  try {
    listen();
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      listen();
      for (const line of lines.push(chunk)) {
        connection.heard += 1;
        deaf?.[Symbol.dispose]();
        deaf = undefined;
        take(line);
      }
    }
  } finally {
    unheard[Symbol.dispose]();
    deaf?.[Symbol.dispose]();
    silence?.[Symbol.dispose]();
  }
}
