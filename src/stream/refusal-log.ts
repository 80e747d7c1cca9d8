import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";

/** One line for each target and reason in this time; the next one says how many were left out. */
const EVERY_MS = 10_000;
/** Beyond, the memory starts anew: scanners make up names. */
const MOST_KINDS = 1_000;

/** Tells refused connections without letting a flood fill the log. */
export class RefusalLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #told = new Map<string, { at: number; more: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `target` is unset as long as it is not known. */
  tell(reason: string, message: string, listener: string, client: string, target?: string): void {
    const key = `${listener} ${target ?? ""} ${reason}`;
    const now = this.#clock.monotonic();
    const told = this.#told.get(key);
    if (told && now - told.at < EVERY_MS) {
      told.more += 1;
      return;
    }
    const more = told?.more ?? 0;
    if (this.#told.size >= MOST_KINDS) this.#told.clear();
    this.#told.set(key, { at: now, more: 0 });
    const text = `connection of ${client} to ${listener} refused: ${message}${more > 0 ? ` (and ${String(more)} more like it)` : ""}`;
    const level = reason === "bad_start" ? "info" : "warn";
    this.#log[level]("stream_refused", text, {
      ...(target !== undefined && { target }),
      reason,
      listener,
      client,
      more,
    });
  }
}
