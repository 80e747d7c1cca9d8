import type { Socket } from "node:net";
import { messageOf } from "../errors.ts";
import { backoffMs } from "../lib/backoff.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { deadline, DeadlineError } from "../lib/signals.ts";
import type { TargetHandle, WakeCause } from "../watchers/handle.ts";
import type { ProbeAddress } from "../watchers/readiness/address.ts";
import { mayConnect } from "./access.ts";
import { Caps } from "./caps.ts";
import { dial } from "./dial.ts";
import type { Net } from "./net.ts";
import { RefusedError } from "./refused.ts";
import { untilReady } from "./until-ready.ts";
import { WakeRate } from "./wake-rate.ts";

const RETRY = { firstMs: 25, maxMs: 1_000 };
/** An engine that is slower than this does not know. */
const LOOK_UP_MS = 10_000;

/** The way to one target for all its listeners: its limits, and where it is reached now. */
export class Gateway implements Disposable {
  readonly handle: TargetHandle;
  readonly #clock: Clock;
  readonly #net: Net;
  readonly #caps = new Caps();
  readonly #rate: WakeRate;
  /** By port, 0 for the target's own one. Holds for one run. */
  readonly #addresses = new Map<number, Promise<readonly ProbeAddress[]>>();
  readonly #subscription: Disposable;

  constructor(handle: TargetHandle, clock: Clock, net: Net) {
    this.handle = handle;
    this.#clock = clock;
    this.#net = net;
    this.#rate = new WakeRate(clock);
    this.#subscription = handle.changed.subscribe(() => this.#addresses.clear());
  }

  /** Connections to it now, waiting ones included. */
  get connections(): number {
    return this.#caps.total;
  }

  /** A place for a client until disposed. @throws RefusedError when it may not connect, or there are too many. */
  admit(client: string): Disposable {
    const { name, stream } = this.handle.spec;
    if (!mayConnect(stream, client)) {
      throw new RefusedError("denied", `${client} may not connect to ${name} (stream.allow, stream.deny)`);
    }
    const place = this.#caps.take(client, stream);
    if (typeof place !== "string") return place;
    const [whose, key, limit] =
      place === "target"
        ? [name, "max_connections", stream.maxConnections]
        : [client, "max_per_client", stream.maxPerClient];
    throw new RefusedError("limit", `${whose} has ${String(limit)} connections already (stream.${key})`);
  }

  /** Resolves when connections may pass. @throws as `untilReady` does. */
  async ready(cause: WakeCause, signal: AbortSignal): Promise<void> {
    const { handle } = this;
    const mayWake = (): boolean => this.#rate.take(handle.spec.stream.wakesPerMinute);
    await untilReady({ handle, cause, clock: this.#clock, mayWake }, signal);
  }

  /**
   * A connection to the target, which is woken if it has to be. Tried again for as long as a wake may take.
   *
   * @throws RefusedError with the reason; the signal's reason on abort.
   */
  async connect(port: number | undefined, cause: WakeCause, signal: AbortSignal): Promise<Socket> {
    await this.ready(cause, signal);
    // Most connections need no second try, and so no deadline.
    const first = await this.#tryOnce(port, signal);
    if (typeof first !== "string") return first;
    let last = first;
    const { name, wakeTimeoutMs } = this.handle.spec;
    using limit = deadline(this.#clock, wakeTimeoutMs, name, signal);
    try {
      for (let attempt = 0; ; attempt++) {
        await sleep(this.#clock, backoffMs(attempt, RETRY), limit.signal);
        await this.ready(cause, limit.signal);
        const next = await this.#tryOnce(port, limit.signal);
        if (typeof next !== "string") return next;
        last = next;
      }
    } catch (error) {
      if (!(error instanceof DeadlineError) || signal.aborted) throw error;
      const seconds = String(Math.round(wakeTimeoutMs / 1_000));
      throw new RefusedError(
        "unreachable",
        `${name} is up, but took no connection for ${seconds} s: ${last}`,
      );
    }
  }

  /** A connection, or why there is none; then the address is looked up anew. @throws the signal's reason. */
  async #tryOnce(port: number | undefined, signal: AbortSignal): Promise<Socket | string> {
    try {
      return await dial(await this.addresses(port), this.#clock, this.#net, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#addresses.clear();
      return messageOf(error);
    }
  }

  /** Where a port is reached in this run. @throws when the engine does not answer. */
  addresses(port: number | undefined): Promise<readonly ProbeAddress[]> {
    const key = port ?? 0;
    const known = this.#addresses.get(key);
    if (known) return known;
    const found = this.#lookUp(port);
    this.#addresses.set(key, found);
    found.catch(() => this.#addresses.delete(key));
    return found;
  }

  // For everybody who asks meanwhile, so no single client's leaving ends it.
  async #lookUp(port: number | undefined): Promise<readonly ProbeAddress[]> {
    using limit = deadline(this.#clock, LOOK_UP_MS, `address of ${this.handle.spec.name}`);
    return await this.handle.addresses(port, limit.signal);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
