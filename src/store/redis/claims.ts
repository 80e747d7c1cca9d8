import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { InstanceStatus } from "../../providers/provider.ts";
import type { WakeClaim } from "../../watchers/coordination.ts";
import type { RedisLink } from "./link.ts";
import { CLAIM, RELEASE } from "./scripts.ts";
import type { Timing } from "./timing.ts";
import { words } from "./wire.ts";

export interface ClaimsOptions {
  readonly id: string;
  readonly link: Pick<RedisLink, "run" | "up">;
  readonly clock: Clock;
  readonly timing: Timing;
}

/** A wake does not wait longer than this for Redis to say who may: two starts are harmless, a slow one is not. */
const PATIENCE_MS = 500;
/** The engine's own event comes sooner; this is for when it is lost. */
const LOOK_AGAIN_MS = 500;

/** Who may start a target: one at a time, until it says that it is done or is silent for a lease. */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #held = new Map<string, string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Whose wake it is that is not written down yet. */
  readonly #wakes = new Map<string, "ours" | "theirs">();

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Those to be renewed: target and token. */
  get held(): readonly (readonly [string, number])[] {
    return [...this.#held].map(([name, token]) => [name, Number(token)]);
  }

  /** Another one makes this wake, as far as is known. */
  join(name: string): void {
    if (!this.#wakes.has(name)) this.#wakes.set(name, "theirs");
  }

  /** True when another one made the wake that is being written down. Asked once for each. */
  isJoined(name: string): boolean {
    const whose = this.#wakes.get(name);
    this.#wakes.delete(name);
    return whose === "theirs";
  }

  async claim(name: string, status: InstanceStatus, signal: AbortSignal): Promise<WakeClaim | undefined> {
    const { id, link, timing } = this.#options;
    if (!link.up) return this.#alone();
    const seen = status === "paused" ? "2" : status === "removing" ? "0" : "1";
    const answer = await this.#patiently(
      name,
      link.run(CLAIM, [id, name, String(timing.leaseMs), seen]),
      signal,
    );
    const [word, token = ""] = words(answer);
    if (answer === undefined) return this.#alone();
    if (word === "mine") {
      this.#wakes.set(name, "ours");
      this.#held.set(name, token);
      return { lookAgain: true, [Symbol.dispose]: () => this.#release(name, token) };
    }
    if (word === "waking") this.#wakes.set(name, "theirs");
    await this.#untilNews(name, Math.min(Number(token) || 0, LOOK_AGAIN_MS), signal);
    return undefined;
  }

  /** Another one has started it, or stopped it, or gave up. */
  news(name: string): void {
    for (const told of this.#waiting.get(name) ?? []) told();
  }

  #alone(): WakeClaim {
    return { lookAgain: false, [Symbol.dispose]: () => undefined };
  }

  #release(name: string, token: string): void {
    if (this.#held.get(name) !== token) return;
    this.#held.delete(name);
    this.#giveBack(name, token);
  }

  /** Where this is lost, the claim ends with its lease. */
  #giveBack(name: string, token: string): void {
    const { id, link } = this.#options;
    link.run(RELEASE, [id, name, token]).catch(() => undefined);
  }

  /** Undefined when there is no answer in time, or an error. What is granted too late is given back. */
  async #patiently(name: string, answer: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    using done = linkSignals(signal);
    let result: unknown;
    let late = false;
    answer.then(
      (value) => {
        result = value;
        done.abort(new Error("answered"));
        const [word, token = ""] = words(value);
        if (late && word === "mine") this.#giveBack(name, token);
        return undefined;
      },
      () => done.abort(new Error("failed")),
    );
    await sleep(this.#options.clock, PATIENCE_MS, done.signal).catch(() => undefined);
    late = true;
    const [word, token = ""] = words(result);
    if (signal.aborted && word === "mine") this.#giveBack(name, token);
    signal.throwIfAborted();
    return result;
  }

  async #untilNews(name: string, ms: number, signal: AbortSignal): Promise<void> {
    using done = linkSignals(signal);
    const told = (): void => done.abort(new Error("told"));
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(told));
    await sleep(this.#options.clock, ms, done.signal).catch(() => undefined);
    waiting.delete(told);
    if (waiting.size === 0) this.#waiting.delete(name);
    signal.throwIfAborted();
  }
}
