import type { NewsEvent } from "../../config/model/notify.ts";
import type { Clock } from "../../lib/clock.ts";
import { RateLimiter } from "../../lib/rate-limit.ts";
import type { News } from "./news.ts";

/** In all: a machine that falls apart is one message worth, not hundreds. */
const LIMIT = { count: 20, perMs: 3_600_000 };
/** Keys that are remembered; there are a few for each target. */
const MOST_KEYS = 20_000;

/** How news are picked. */
export interface EditorRules {
  readonly events: readonly NewsEvent[];
  readonly repeatAfterMs: number;
}

/** Decides what is worth a message: what is wanted, was not told lately, and is not too much. */
export class Editor {
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  /** Monotonic ms at which it was told last. */
  readonly #told = new Map<string, number>();
  #heldBack = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#limiter = new RateLimiter(clock);
  }

  /** The news as they should go out; undefined: not now. */
  pick(news: News, { events, repeatAfterMs }: EditorRules): News | undefined {
    if (news.event !== "test" && !events.includes(news.event)) return undefined;
    const now = this.#clock.monotonic();
    const told = this.#told.get(news.key);
    if (told !== undefined && now - told < repeatAfterMs) return undefined;
    if (this.#limiter.waitMs("all", LIMIT) > 0) {
      this.#heldBack += 1;
      return undefined;
    }
    this.#limiter.take("all", LIMIT);
    if (this.#told.size >= MOST_KEYS) this.#told.clear();
    this.#told.set(news.key, now);
    const more = this.#heldBack;
    this.#heldBack = 0;
    if (more === 0) return news;
    return { ...news, message: `${news.message} (${String(more)} more were held back: they came too fast.)` };
  }

  /** It is over: the next time is news again. */
  forget(key: string): void {
    this.#told.delete(key);
  }
}
