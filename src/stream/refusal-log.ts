import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { andMore, Repeats } from "../lib/repeats.ts";

/** Tells refused connections without letting a flood fill the log: one for each target and reason in a while. */
export class RefusalLog {
  readonly #log: Log;
  readonly #repeats: Repeats;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#repeats = new Repeats(clock);
  }

  /** `target` is unset as long as it is not known. */
  tell(reason: string, message: string, listener: string, client: string, target?: string): void {
    const more = this.#repeats.pass(`${listener} ${target ?? ""} ${reason}`);
    if (more === undefined) return;
    const text = `connection of ${client} to ${listener} refused: ${message}${andMore(more)}`;
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
