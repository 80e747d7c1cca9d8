import type { NotifySettings } from "../../config/model/notify.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Store } from "../../store/store.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { Evidence } from "../ports.ts";
import { channelsOf, sameChannel } from "./channel.ts";
import { Editor } from "./editor.ts";
import { trialNews, type News } from "./news.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";
import { NewsWatch } from "./watch-news.ts";

/** What the notifier is made with. */
export interface NotifierOptions {
  readonly settings: NotifySettings | undefined;
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly evidence: (target: string) => readonly Evidence[];
  /** Whether it is for this Wakegate to tell it, and for no other. Default: it is. Never rejects. */
  readonly mayTell?: (key: string, withinMs: number) => Promise<boolean>;
  /** Told what became of each message. */
  readonly count: OutboxOptions["count"];
}

/** How a trial message went. */
export interface Trial {
  readonly channel: "webhook" | "ntfy";
  readonly ok: boolean;
  /** Why not. */
  readonly why?: string;
}

const FALLBACK_GRACE_MS = 120_000;
/** Replicas see the same event within this time: their deadlines and retry delays differ by seconds... */
const SAME_NEWS_MS = 10 * 60_000;
/** ...and each looks once an hour for what never sleeps. */
const SAME_SLEEPLESS_MS = 2 * 3_600_000;

/** Tells people what needs them. Nothing waits for it, and without a channel it only looks on. */
export class Notifier implements Disposable {
  readonly #options: NotifierOptions;
  #settings: NotifySettings | undefined;
  #outboxes: readonly Outbox[] = [];
  readonly #editor: Editor;
  readonly #watch: NewsWatch;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#editor = new Editor(options.clock);
    this.reconfigure(options.settings);
    const { registry, store, clock, evidence } = options;
    this.#watch = new NewsWatch({
      registry,
      store,
      clock,
      evidence,
      engineGraceMs: () => this.#settings?.engineGraceMs ?? FALLBACK_GRACE_MS,
      tell: (news) => this.#tell(news),
      over: (key) => this.#editor.forget(key),
    });
  }

  /** Takes changed settings; what waits for a channel that stays the same goes on. */
  reconfigure(settings: NotifySettings | undefined): void {
    const before = this.#outboxes;
    this.#settings = settings;
    this.#outboxes = channelsOf(settings).map(
      (channel) =>
        before.find((outbox) => sameChannel(outbox.channel, channel)) ?? new Outbox(channel, this.#options),
    );
    for (const outbox of before) if (!this.#outboxes.includes(outbox)) outbox[Symbol.dispose]();
  }

  /** How many messages wait in each channel. */
  get waiting(): readonly (readonly [channel: Trial["channel"], size: number])[] {
    return this.#outboxes.map(({ channel, size }) => [channel.name, size]);
  }

  /** Sends one trial message by each channel, without retries. Empty: there is no channel. */
  async try(signal: AbortSignal): Promise<readonly Trial[]> {
    const news = trialNews(this.#options.clock.now());
    return await Promise.all(
      this.#outboxes.map(async (outbox): Promise<Trial> => {
        const result = await outbox.try(news, signal);
        const channel = outbox.channel.name;
        return result.kind === "delivered" ? { channel, ok: true } : { channel, ok: false, why: result.why };
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    for (const outbox of this.#outboxes) outbox[Symbol.dispose]();
    this.#outboxes = [];
  }

  #tell(news: News): void {
    if (!this.#settings) return;
    const picked = this.#editor.pick(news, this.#settings);
    if (picked) void this.#send(picked);
  }

  async #send(news: News): Promise<void> {
    const withinMs = news.event === "never_slept" ? SAME_SLEEPLESS_MS : SAME_NEWS_MS;
    const isOurs = (await this.#options.mayTell?.(news.key, withinMs)) ?? true;
    if (isOurs) for (const outbox of this.#outboxes) outbox.put(news);
  }
}
