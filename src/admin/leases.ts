import { randomBytes } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { Store } from "../store/store.ts";
import type { Registry } from "../watchers/registry/registry.ts";

/** Use of a target that a client of the API holds for as long as it renews it. */
export interface LeaseInfo {
  readonly id: string;
  readonly target: string;
  readonly reason: string;
  /** Wall ms. */
  readonly expiresAt: number;
}

/** A client that is gone for good must not keep anything awake for long, nor many. */
const MOST = 1_000;

/** Leases by API. They are the watchers' orders, so they outlive a restart and end by themselves. */
export class Leases {
  readonly #registry: Registry;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(registry: Registry, store: Store, clock: Clock) {
    this.#registry = registry;
    this.#store = store;
    this.#clock = clock;
  }

  /** All that hold now. */
  list(): readonly LeaseInfo[] {
    const now = this.#clock.now();
    return [...this.#store.targets()].flatMap(([target, { leases = {} }]) =>
      Object.entries(leases)
        .filter(([, { until }]) => until > now)
        .map(([id, { what, until }]) => ({ id, target, reason: what, expiresAt: until })),
    );
  }

  /** Begins a lease; undefined when there are too many, or no such target. */
  create(target: string, reason: string, ttlMs: number): LeaseInfo | undefined {
    if (this.list().length >= MOST) return undefined;
    // The id carries its length, so that a renewal needs nothing but the id.
    return this.#put(`${randomBytes(12).toString("base64url")}.${ttlMs.toString(36)}`, target, reason);
  }

  /** Counts its time from now on; undefined when it is over. */
  renew(id: string): LeaseInfo | undefined {
    const lease = this.list().find((each) => each.id === id);
    return lease && this.#put(id, lease.target, lease.reason);
  }

  /** False when it was over already. */
  end(id: string): boolean {
    const lease = this.list().find((each) => each.id === id);
    return lease !== undefined && this.#registry.watcher(lease.target)?.orders.endLease(id) === true;
  }

  #put(id: string, target: string, reason: string): LeaseInfo | undefined {
    const watcher = this.#registry.watcher(target);
    const expiresAt = this.#clock.now() + Number.parseInt(id.split(".").at(-1) ?? "", 36);
    watcher?.orders.lease(id, reason, expiresAt);
    return watcher && { id, target, reason, expiresAt };
  }
}
