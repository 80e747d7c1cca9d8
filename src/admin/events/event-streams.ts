import type { ServerResponse } from "node:http";
import type { Clock } from "../../lib/clock.ts";
import type { AdminEvent } from "./admin-event.ts";
import type { EventHub } from "./event-hub.ts";

/** Comments in between keep middle boxes from closing a silent connection, and tell the reader that we live. */
const HEARTBEAT_MS = 10_000;
const RETRY_MS = 2_000;
/** A reader that lets this much pile up does not read; it comes back with its last id. */
const MAX_BACKLOG_BYTES = 256 * 1_024;
const MOST_STREAMS = 200;

/** Open event streams of operators (WHATWG HTML, server-sent events). Dispose before the listeners. */
export class AdminStreams implements Disposable {
  readonly #hub: EventHub;
  readonly #clients = new Map<ServerResponse, (event: AdminEvent) => boolean>();
  readonly #subscription: Disposable;
  readonly #clock: Clock;
  #heartbeat: Disposable | undefined;

  constructor(hub: EventHub, clock: Clock) {
    this.#hub = hub;
    this.#clock = clock;
    this.#subscription = hub.stream.subscribe((event) => {
      for (const [res, wants] of this.#clients) if (wants(event)) send(res, frame(event));
    });
  }

  /** Streams open now. */
  get size(): number {
    return this.#clients.size;
  }

  /**
   * Answers with a stream: first what came after `lastEventId` (without one: nothing, unless `replay`), then each
   * event as it happens. False when there are too many streams; nothing was written then.
   */
  open(
    res: ServerResponse,
    options: { readonly lastEventId?: string; readonly target?: string; readonly replay?: boolean },
  ): boolean {
    if (this.#clients.size >= MOST_STREAMS) return false;
    const { target, lastEventId } = options;
    const wants = (event: AdminEvent): boolean => target === undefined || event.target === target;
    res.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    const past = lastEventId !== undefined || options.replay ? this.#hub.after(lastEventId) : [];
    const head = past.length > 0 ? "" : `id: ${this.#hub.lastId}\n`;
    res.write(`retry: ${String(RETRY_MS)}\n${head}\n${past.filter(wants).map(frame).join("")}`);
    this.#clients.set(res, wants);
    res.on("close", () => this.#clients.delete(res));
    this.#heartbeat ??= this.#clock.after(HEARTBEAT_MS, () => this.#beat());
    return true;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#heartbeat?.[Symbol.dispose]();
    for (const res of this.#clients.keys()) res.end();
    this.#clients.clear();
  }

  #beat(): void {
    for (const res of this.#clients.keys()) send(res, "event: beat\ndata:\n\n");
    this.#heartbeat =
      this.#clients.size > 0 ? this.#clock.after(HEARTBEAT_MS, () => this.#beat()) : undefined;
  }
}

function frame({ id, at, ...event }: AdminEvent): string {
  return `id: ${id}\ndata: ${JSON.stringify({ ...event, timestamp: new Date(at).toISOString() })}\n\n`;
}

function send(res: ServerResponse, text: string): void {
  if (res.writableLength > MAX_BACKLOG_BYTES) res.destroy();
  else res.write(text);
}
