import { randomUUID } from "node:crypto";
import { messageOf, WakegateError } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { Channel } from "./channel.ts";
import type { News } from "./news.ts";
import { post, type PostResult } from "./post.ts";

/** What became of a message: for metrics. `given_up`: for an hour it could not be delivered. */
export type Fate = "sent" | "refused" | "given_up" | "dropped";

/** What an outbox is made with. */
export interface OutboxOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly count: (channel: Channel["name"], event: News["event"], fate: Fate) => void;
}

interface Letter {
  readonly news: News;
  readonly id: string;
  /** Monotonic ms. */
  readonly since: number;
}

const MOST_LETTERS = 50;
const BACKOFF = { firstMs: 2_000, maxMs: 5 * 60_000, jitter: 0.2 };
/** After that nobody wants to know any more. */
const TOO_OLD_MS = 3_600_000;

/** A trial has one try. */
const FATES = { delivered: "sent", refused: "refused", failed: "given_up" } as const satisfies Record<
  PostResult["kind"],
  Fate
>;

const SAID = {
  sent: ["info", "notify_sent"],
  refused: ["error", "notify_refused"],
  given_up: ["error", "notify_failed"],
  dropped: ["warn", "notify_dropped"],
} as const;

/**
 * Sends the messages of one channel, one after the other. `put` returns at once, whatever the receiver does; what
 * fails is tried again, less and less often, for an hour.
 */
export class Outbox implements Disposable {
  readonly channel: Channel;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #count: OutboxOptions["count"];
  readonly #life = linkSignals();
  readonly #letters: Letter[] = [];
  #sending = false;

  constructor(channel: Channel, { clock, log, count }: OutboxOptions) {
    this.channel = channel;
    this.#clock = clock;
    this.#log = log;
    this.#count = count;
  }

  /** Messages that wait, the one under way included. */
  get size(): number {
    return this.#letters.length;
  }

  /** Adds a message; the oldest that waits goes when there are too many. */
  put(news: News): void {
    if (this.#letters.length >= MOST_LETTERS) {
      // The first is under way.
      for (const { news: dropped } of this.#letters.splice(1, 1)) {
        this.#end("dropped", dropped, "too many messages wait");
      }
    }
    this.#letters.push({ news, id: randomUUID(), since: this.#clock.monotonic() });
    void this.#send();
  }

  /** Sends this message now, once, beside all that wait. */
  async try(news: News, signal: AbortSignal): Promise<PostResult> {
    using both = linkSignals(this.#life.signal, signal);
    const result = await this.#once({ news, id: randomUUID(), since: 0 }, both.signal);
    this.#count(this.channel.name, news.event, FATES[result.kind]);
    return result;
  }

  [Symbol.dispose](): void {
    this.#life.abort(new WakegateError("shutting_down", "messages are not sent any more"));
    this.#letters.length = 0;
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let [letter] = this.#letters; letter; [letter] = this.#letters) {
        await this.#deliver(letter);
        this.#letters.shift();
      }
    } catch (error) {
      if (!this.#life.signal.aborted) this.#say("error", "notify_failed", undefined, messageOf(error));
    } finally {
      this.#sending = false;
    }
  }

  async #deliver(letter: Letter): Promise<void> {
    const { signal } = this.#life;
    for (let attempt = 0; ; attempt++) {
      const result = await this.#once(letter, signal);
      switch (result.kind) {
        case "delivered":
          return this.#end("sent", letter.news, `sent after ${String(attempt + 1)} tries`);
        case "refused":
          return this.#end("refused", letter.news, result.why);
        case "failed": {
          const waitMs = result.afterMs ?? backoffMs(attempt, BACKOFF);
          if (this.#clock.monotonic() + waitMs - letter.since > TOO_OLD_MS)
            return this.#end("given_up", letter.news, `given up: ${result.why}`);
          if (attempt === 0) this.#say("warn", "notify_retried", letter.news, result.why);
          await sleep(this.#clock, waitMs, signal);
        }
      }
    }
  }

  async #once({ news, id }: Letter, signal: AbortSignal): Promise<PostResult> {
    try {
      const message = await this.channel.message(news, { id, now: this.#clock.now() });
      return await post(message, this.#clock, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "refused", why: messageOf(error) };
    }
  }

  #end(fate: Fate, news: News, why: string): void {
    this.#count(this.channel.name, news.event, fate);
    const [level, event] = SAID[fate];
    this.#say(level, event, news, why);
  }

  /** The host alone is told: the address of a webhook is often its secret. */
  #say(level: "info" | "warn" | "error", event: string, news: News | undefined, why: string): void {
    const { name, place } = this.channel;
    this.#log[level](event, `${name} ${place}: ${news?.title ?? "messages"}: ${why}`, {
      channel: name,
      ...(news && { news: news.event }),
      ...(news?.target !== undefined && { target: news.target }),
    });
  }
}
