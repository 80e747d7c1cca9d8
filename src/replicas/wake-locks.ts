import { sleep, type Clock } from "../lib/clock.ts";
import { linkSignals } from "../lib/signals.ts";
import type { InstanceStatus } from "../providers/provider.ts";
import type { WakeClaim } from "../watchers/coordination.ts";
import { words, type Timing } from "./protocol.ts";
import type { RedisConnection } from "./redis.ts";
import { LOCK_WAKE, RELEASE_WAKE } from "./scripts.ts";

export interface WakeLocksOptions {
  readonly id: string;
  readonly redis: Pick<RedisConnection, "run" | "up">;
  readonly clock: Clock;
  readonly timing: Timing;
}

/** A wake waits no longer for its lock: a second start call does no harm, a slow wake does. */
const LOCK_TIMEOUT_MS = 500;
/** Fallback for a lost message: usually the engine's own event, or the message of the other replica, comes first. */
const LOOK_AGAIN_MS = 500;

/** Locks that let one replica at a time start a target. A lock ends when it is released, or with its lease. */
export class WakeLocks {
  readonly #options: WakeLocksOptions;
  readonly #tokens = new Map<string, string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Which replica started a wake that is not in the history yet. */
  readonly #startedBy = new Map<string, "self" | "other">();

  constructor(options: WakeLocksOptions) {
    this.#options = options;
  }

  /** The locks of this replica, to be renewed: target and token. */
  get locked(): readonly (readonly [string, number])[] {
    return [...this.#tokens].map(([name, token]) => [name, Number(token)]);
  }

  /** Another replica announced that it wakes the target. */
  startedByOther(name: string): void {
    if (!this.#startedBy.has(name)) this.#startedBy.set(name, "other");
  }

  /** Whether another replica started the wake that is being recorded. Clears the answer: ask once for each wake. */
  takeStartedByOther(name: string): boolean {
    const by = this.#startedBy.get(name);
    this.#startedBy.delete(name);
    return by === "other";
  }

  /**
   * Takes the lock. Returns undefined, after waiting for news, when another replica starts or stops the target.
   * Without an answer from Redis in time the wake proceeds without a lock.
   *
   * @throws the signal's reason when it aborts.
   */
  async lock(name: string, status: InstanceStatus, signal: AbortSignal): Promise<WakeClaim | undefined> {
    const { id, redis, timing } = this.#options;
    if (!redis.up) return withoutLock();
    const seen = status === "paused" ? "2" : status === "removing" ? "0" : "1";
    const answer = await this.#withTimeout(
      name,
      redis.run(LOCK_WAKE, [id, name, String(timing.leaseMs), seen]),
      signal,
    );
    if (answer === undefined) return withoutLock();
    const [word, token = ""] = words(answer);
    if (word === "mine") {
      this.#startedBy.set(name, "self");
      this.#tokens.set(name, token);
      return { lookAgain: true, [Symbol.dispose]: () => this.#dispose(name, token) };
    }
    if (word === "waking") this.#startedBy.set(name, "other");
    await this.#untilChanged(name, Math.min(Number(token) || 0, LOOK_AGAIN_MS), signal);
    return undefined;
  }

  /** Another replica started the target, stopped it, or gave up. */
  changed(name: string): void {
    for (const resume of this.#waiting.get(name) ?? []) resume();
  }

  #dispose(name: string, token: string): void {
    if (this.#tokens.get(name) !== token) return;
    this.#tokens.delete(name);
    this.#release(name, token);
  }

  /** If this call is lost, the lock ends with its lease. */
  #release(name: string, token: string): void {
    const { id, redis } = this.#options;
    redis.run(RELEASE_WAKE, [id, name, token]).catch(() => undefined);
  }

  /** Undefined without an answer in time, or after an error. A lock that is granted too late is released. */
  async #withTimeout(name: string, answer: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    using done = linkSignals(signal);
    let result: unknown;
    let late = false;
    answer.then(
      (value) => {
        result = value;
        done.abort(new Error("answered"));
        const [word, token = ""] = words(value);
        if (late && word === "mine") this.#release(name, token);
        return undefined;
      },
      () => done.abort(new Error("failed")),
    );
    await sleep(this.#options.clock, LOCK_TIMEOUT_MS, done.signal).catch(() => undefined);
    late = true;
    const [word, token = ""] = words(result);
    if (signal.aborted && word === "mine") this.#release(name, token);
    signal.throwIfAborted();
    return result;
  }

  async #untilChanged(name: string, ms: number, signal: AbortSignal): Promise<void> {
    using done = linkSignals(signal);
    const resume = (): void => done.abort(new Error("changed"));
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(resume));
    await sleep(this.#options.clock, ms, done.signal).catch(() => undefined);
    waiting.delete(resume);
    if (waiting.size === 0) this.#waiting.delete(name);
    signal.throwIfAborted();
  }
}

function withoutLock(): WakeClaim {
  return { lookAgain: false, [Symbol.dispose]: () => undefined };
}
