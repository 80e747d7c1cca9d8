import type { ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import type { TargetHandle } from "../watchers/handle.ts";
import type { WakeEvent } from "../watchers/wake-events.ts";
import { guardHeaders } from "./answers.ts";
import { eventsAfter, type EventIds } from "./event-ids.ts";
import { stateWord } from "./explanations.ts";
import { publicEvent } from "./redact.ts";
import type { RouteLookup } from "./route-lookup.ts";

/** Comments in between keep middle boxes from closing a silent connection. */
export const HEARTBEAT_MS = 15_000;
/** What EventSource waits before it comes back. */
const RETRY_MS = 2000;
/** A client that lets this much pile up does not read; it comes back with Last-Event-ID. */
const MAX_BACKLOG_BYTES = 64 * 1024;

/** Open event streams, by target (WHATWG HTML, server-sent events). */
export interface EventStreams extends Disposable {
  /** Answers with a stream: the events after `lastEventId`, then each as it happens. */
  open(handle: TargetHandle, res: ServerResponse, lastEventId: string | undefined): void;
  readonly size: number;
}

interface Channel extends Disposable {
  readonly handle: TargetHandle;
  readonly clients: Set<ServerResponse>;
}

export function createEventStreams(options: {
  readonly clock: Clock;
  readonly ids: EventIds;
  readonly lookup: RouteLookup;
}): EventStreams {
  const { clock, ids, lookup } = options;
  const channels = new Map<string, Channel>();
  let size = 0;
  let heartbeat: Disposable | undefined;

  const beat = (): void => {
    for (const { clients } of channels.values()) for (const res of clients) write(res, ":\n\n");
    heartbeat = size > 0 ? clock.after(HEARTBEAT_MS, beat) : undefined;
  };

  const close = (channel: Channel): void => {
    for (const res of channel.clients) res.end(`retry: ${String(RETRY_MS)}\n\n`);
  };

  const channelOf = (handle: TargetHandle): Channel => {
    const { name } = handle.spec;
    const present = channels.get(name);
    if (present?.handle === handle) return present;
    if (present) close(present);
    const clients = new Set<ServerResponse>();
    const subscription = handle.events.subscribe((event) => {
      const frame = frameOf(event, handle, ids);
      for (const res of clients) write(res, frame);
    });
    const channel: Channel = { handle, clients, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
    channels.set(name, channel);
    return channel;
  };

  // A target that was removed or built anew says nothing more on its old handle: let clients come back.
  const following = lookup.changed.subscribe(() => {
    for (const [name, channel] of channels) {
      if (lookup.byName(name)?.handle !== channel.handle) close(channel);
    }
  });

  return {
    get size() {
      return size;
    },
    open(handle, res, lastEventId) {
      const channel = channelOf(handle);
      res.writeHead(200, {
        ...guardHeaders(stateWord(handle.gate)),
        "Content-Type": "text/event-stream; charset=utf-8",
        // nginx would keep the stream back to fill a buffer.
        "X-Accel-Buffering": "no",
      });
      const missed = eventsAfter(handle.history(), ids.parse(lastEventId));
      const replay = missed.map((event) => frameOf(event, handle, ids)).join("");
      channel.clients.add(res);
      size += 1;
      heartbeat ??= clock.after(HEARTBEAT_MS, beat);
      res.once("close", () => {
        size -= 1;
        channel.clients.delete(res);
        if (channel.clients.size > 0) return;
        channel[Symbol.dispose]();
        if (channels.get(handle.spec.name) === channel) channels.delete(handle.spec.name);
        if (size > 0) return;
        heartbeat?.[Symbol.dispose]();
        heartbeat = undefined;
      });
      write(res, `retry: ${String(RETRY_MS)}\n\n${replay}`);
    },
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      heartbeat?.[Symbol.dispose]();
      heartbeat = undefined;
      for (const channel of channels.values()) close(channel);
    },
  };
}

function frameOf(event: WakeEvent, handle: TargetHandle, ids: EventIds): string {
  const failure = event.error === undefined ? undefined : handle.progress().failure;
  const data = JSON.stringify(publicEvent(event, handle.spec.page.details, failure));
  return `id: ${ids.format(event.id)}\ndata: ${data}\n\n`;
}

function write(res: ServerResponse, text: string): void {
  if (res.writableEnded || res.destroyed) return;
  res.write(text);
  if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
}
