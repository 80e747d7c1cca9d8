import { randomBytes } from "node:crypto";
import type { Clock } from "../lib/clock.ts";

/** Use of a target that a client of the API holds for as long as it renews it. */
export interface LeaseInfo {
  readonly id: string;
  readonly target: string;
  readonly reason: string;
  /** Wall ms. */
  readonly expiresAt: number;
}

interface Held {
  info: LeaseInfo;
  readonly ttlMs: number;
  readonly lease: Disposable;
  timer: Disposable;
}

/** A client that is gone for good must not keep anything awake for long. */
const MOST = 1_000;

/** Leases by API: each ends by itself unless it is renewed in time. */
export class Leases implements Disposable {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of one target, or all. */
  list(target?: string): readonly LeaseInfo[] {
    const all = [...this.#held.values()].map(({ info }) => info);
    return target === undefined ? all : all.filter((info) => info.target === target);
  }

  /** Begins a lease; undefined when there are too many. `begin` takes it with the watcher. */
  create(target: string, reason: string, ttlMs: number, begin: () => Disposable): LeaseInfo | undefined {
    if (this.#held.size >= MOST) return undefined;
    const id = randomBytes(12).toString("base64url");
    const info = { id, target, reason, expiresAt: this.#clock.now() + ttlMs };
    this.#held.set(id, { info, ttlMs, lease: begin(), timer: this.#expire(id, ttlMs) });
    return info;
  }

  /** Counts its time from now on; undefined when it is over. */
  renew(id: string): LeaseInfo | undefined {
    const held = this.#held.get(id);
    if (!held) return undefined;
    held.timer[Symbol.dispose]();
    held.timer = this.#expire(id, held.ttlMs);
    held.info = { ...held.info, expiresAt: this.#clock.now() + held.ttlMs };
    return held.info;
  }

  /** False when it was over already. */
  end(id: string): boolean {
    const held = this.#held.get(id);
    if (!held) return false;
    this.#held.delete(id);
    held.timer[Symbol.dispose]();
    held.lease[Symbol.dispose]();
    return true;
  }

  [Symbol.dispose](): void {
    for (const id of this.#held.keys()) this.end(id);
  }

  #expire(id: string, ms: number): Disposable {
    return this.#clock.after(ms, () => void this.end(id));
  }
}
