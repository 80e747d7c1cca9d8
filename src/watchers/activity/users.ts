import type { Use } from "../handle.ts";

/** One that keeps coming back. */
export interface RegularUser {
  readonly use: Use;
  /** Noted uses, at most one a second. */
  readonly count: number;
  /** Monotonic ms of the first and the last one noted. */
  readonly first: number;
  readonly last: number;
}

/** Who is remembered; the one not seen for longest makes room. */
const KEPT = 16;
/** At most one use in this time is noted, so that the request path pays nothing for it. */
const NOTE_EVERY_MS = 1_000;

/** Remembers who used a target, to be able to say why it did not sleep. */
export class Users {
  readonly #users = new Map<string, RegularUser>();
  #notedAt = Number.NEGATIVE_INFINITY;

  note(use: Use, now: number): void {
    if (now - this.#notedAt < NOTE_EVERY_MS) return;
    this.#notedAt = now;
    const key = `${use.client ?? ""} ${use.userAgent ?? ""} ${use.path ?? ""}`;
    const before = this.#users.get(key);
    this.#users.delete(key);
    this.#users.set(key, { use, count: (before?.count ?? 0) + 1, first: before?.first ?? now, last: now });
    if (this.#users.size <= KEPT) return;
    const [oldest] = this.#users.keys();
    if (oldest !== undefined) this.#users.delete(oldest);
  }

  /** The most frequent first. */
  list(): readonly RegularUser[] {
    return [...this.#users.values()].sort((a, b) => b.count - a.count);
  }
}
