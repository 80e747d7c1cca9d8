import { isIPv6 } from "node:net";
import type { WakeRate } from "../config/model/rules.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { RateLimiter } from "../lib/rate-limit.ts";

const TOLD_EVERY_MS = 60_000;

/** Bounds how often sleeping targets are woken, for each client and each target. Joiners do not ask. */
export class WakeLimits {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limiter: RateLimiter;
  readonly #rate: () => WakeRate;
  #toldAt = -Infinity;
  #refused = 0;

  constructor(options: { readonly clock: Clock; readonly log: Log; rate(): WakeRate }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limiter = new RateLimiter(options.clock);
    this.#rate = () => options.rate();
  }

  /** How long this client has to wait until it may wake this target, in ms; 0: now. */
  waitMs(target: string, client: string): number {
    const { perClient, perTarget } = this.#rate();
    const own = perClient ? this.#limiter.waitMs(clientKey(client), perClient) : 0;
    return Math.max(own, perTarget ? this.#limiter.waitMs(`target ${target}`, perTarget) : 0);
  }

  /** Notes a wake. */
  take(target: string, client: string): void {
    const { perClient, perTarget } = this.#rate();
    if (perClient) this.#limiter.take(clientKey(client), perClient);
    if (perTarget) this.#limiter.take(`target ${target}`, perTarget);
  }

  /** Notes that a request was turned away; says so at most once a minute. */
  refused(target: string, client: string): void {
    this.#refused += 1;
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < TOLD_EVERY_MS) return;
    const times = this.#refused;
    this.#toldAt = now;
    this.#refused = 0;
    this.#log.warn(
      "wake_limited",
      `${target} is not woken for ${client}: more wakes than wake_rate allows (${String(times)} such requests since this was last said)`,
      { target, client, times },
    );
  }
}

/** Whoever has one IPv6 address has 2^64 of them. */
function clientKey(client: string): string {
  return `client ${isIPv6(client) ? network(client) : client}`;
}

/** The first four groups, written out. */
function network(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 address at the end stands for two groups.
  const length = front.length + back.length + (address.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - length) }, () => "0");
  return [...front, ...zeros, ...back]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
