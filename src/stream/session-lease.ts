import type { Clock } from "../lib/clock.ts";
import type { TargetHandle, WakeCause } from "../watchers/handle.ts";

/** Silence after which a client whose target has ended its side is no use any more. */
const AFTER_TARGET_MS = 60_000;

/**
 * Keeps a target awake for as long as a session lives or, with an idle time, for as long as it is not silent. A
 * silent session that speaks again wakes the target if it sleeps (a paused one still has its connections).
 */
export class SessionLease implements Disposable {
  readonly #handle: TargetHandle;
  readonly #cause: WakeCause;
  readonly #what: string;
  readonly #clock: Clock;
  #idleMs: number | undefined;
  #lease: Disposable | undefined;
  #timer: Disposable | undefined;
  #last = 0;
  #over = false;

  constructor(handle: TargetHandle, cause: WakeCause, clock: Clock) {
    this.#handle = handle;
    this.#cause = cause;
    this.#clock = clock;
    this.#what = `connection from ${cause.client ?? "somewhere"}`;
    this.#idleMs = handle.spec.stream.sessionIdleMs;
    this.note();
  }

  /** Whether it is worth telling each chunk. */
  get wantsBytes(): boolean {
    return this.#idleMs !== undefined;
  }

  /** Bytes were seen. */
  note(): void {
    if (this.#over) return;
    this.#last = this.#clock.monotonic();
    if (this.#lease) return;
    this.#lease = this.#handle.lease(this.#what);
    if (this.#handle.gate.kind !== "ready") this.#handle.wake(this.#cause);
    if (this.#idleMs !== undefined) this.#arm(this.#idleMs);
  }

  /**
   * The target has said its last: from here on only what its client still sends is use. Many clients never notice
   * such an end (pools), and would keep the target awake for as long as they live.
   */
  targetEnded(): void {
    if (this.#over) return;
    this.#idleMs = Math.min(this.#idleMs ?? AFTER_TARGET_MS, AFTER_TARGET_MS);
    this.#timer?.[Symbol.dispose]();
    if (this.#lease) this.#arm(this.#idleMs);
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      const left = this.#last + (this.#idleMs ?? 0) - this.#clock.monotonic();
      if (left > 0) return this.#arm(left);
      this.#lease?.[Symbol.dispose]();
      this.#lease = undefined;
    });
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#timer?.[Symbol.dispose]();
    this.#lease?.[Symbol.dispose]();
    this.#lease = undefined;
  }
}
