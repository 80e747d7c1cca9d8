import { messageOf } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import { Emitter } from "../../lib/emitter.ts";
import { isolated } from "../../lib/isolate.ts";
import { race } from "../../lib/race.ts";
import { deadline } from "../../lib/signals.ts";
import type {
  EngineChange,
  EngineSink,
  EngineSnapshot,
  Instance,
  InstanceSummary,
  Provider,
  ProviderError,
} from "../../providers/provider.ts";

/** What the registry is told about one engine. */
export interface EngineViewListener {
  /** A complete listing replaced what was known. */
  onListed(view: EngineView): void;
  /** One instance was inspected; undefined: it is gone. */
  onInspected(view: EngineView, id: string, instance: Instance | undefined): void;
  onStopSignal(view: EngineView, id: string, signal: string | undefined): void;
  onAway(view: EngineView, error: ProviderError): void;
  /** Inspecting one instance failed several times in a row, while the engine answers otherwise. */
  onInspectFailed(view: EngineView, id: string, why: string): void;
}

const INSPECT_LIMIT_MS = 10_000;
/** Inspections that run at the same time after a listing with many running instances. */
const PARALLEL = 8;
/** Of one instance: one that hangs must not delay what the next event asks for. */
const PARALLEL_OF_ONE = 2;
/** Of instances whose last inspection failed: a broken driver or shim must not take the places of all others. */
const PARALLEL_RETRIES = 2;
/** Inspections of one instance that fail in a row before it is reported. */
const FAILURES_UNTIL_SAID = 3;
const RETRY = { firstMs: 500, maxMs: 30_000 };

/** The inspections of one instance. */
interface Looks {
  running: number;
  /** In a row. */
  failures: number;
}

/**
 * What is known of one engine: the last word about each instance. Every change the engine tells leads to
 * one inspection, and changes that come during it to one more.
 */
export class EngineView implements EngineSink {
  readonly provider: Provider;
  readonly #clock: Clock;
  readonly #listener: EngineViewListener;
  readonly #signal: AbortSignal;
  /** Fires with the id of each instance that was looked at: it is known anew, or gone. */
  readonly remembered = new Emitter<string>();
  readonly #dirty = new Set<string>();
  /** Inspections under way: of each instance the one that was asked for last, and after the last change told of it. */
  readonly #asking = new Map<string, Promise<Instance | undefined>>();
  /** Such a one while the listener is being told of it. */
  #telling: Instance | undefined;
  /** Of each instance that is looked at, or is to be looked at again. */
  readonly #looks = new Map<string, Looks>();
  #busy = 0;
  #busyRetries = 0;
  #instances = new Map<string, InstanceSummary | Instance>();
  #listed = false;
  #listedAt: number | undefined;
  #outage: string | undefined;
  #selfId: string | undefined;

  constructor(provider: Provider, clock: Clock, listener: EngineViewListener, signal: AbortSignal) {
    this.provider = provider;
    this.#clock = clock;
    this.#listener = listener;
    this.#signal = signal;
  }

  get engine(): string {
    return this.provider.engine;
  }

  /** True once a complete listing was received. */
  get everListed(): boolean {
    return this.#listed;
  }

  /** Wall ms of the latest complete listing. */
  get listedAt(): number | undefined {
    return this.#listedAt;
  }

  /** Why the engine does not answer now; undefined when it does. */
  get outage(): string | undefined {
    return this.#outage;
  }

  get instances(): ReadonlyMap<string, InstanceSummary | Instance> {
    return this.#instances;
  }

  /** The instance that Wakegate itself runs in. */
  get self(): InstanceSummary | undefined {
    return this.#selfId === undefined ? undefined : this.#instances.get(this.#selfId);
  }

  /** By id or name. */
  find(ref: string): InstanceSummary | Instance | undefined {
    const byId = this.#instances.get(ref);
    if (byId) return byId;
    for (const instance of this.#instances.values()) if (instance.name === ref) return instance;
    return undefined;
  }

  listed({ instances, selfId }: EngineSnapshot): void {
    this.#instances = new Map(instances.map((instance) => [instance.id, instance]));
    this.#selfId = selfId;
    this.#listed = true;
    this.#listedAt = this.#clock.now();
    this.#outage = undefined;
    this.#dirty.clear();
    this.#looks.clear();
    this.#asking.clear();
    isolated(() => this.#listener.onListed(this));
  }

  changed(change: EngineChange): void {
    if (change.cause === "signalled")
      isolated(() => this.#listener.onStopSignal(this, change.id, change.signal));
    this.lookAt(change.id);
  }

  away(error: ProviderError): void {
    this.#outage = error.message;
    isolated(() => this.#listener.onAway(this, error));
  }

  /** Inspects one instance soon. */
  lookAt(id: string): void {
    this.#asking.delete(id);
    this.#dirty.add(id);
    this.#drain();
  }

  /** Inspects now and remembers. Throws what the provider throws. */
  async inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    return await this.#ask(ref, signal).answer;
  }

  /**
   * As {@link inspect}; but an inspection that was asked for already is good enough, where no change was told since: the
   * one under way, or the one that the listener is being told of.
   */
  async current(id: string, signal: AbortSignal): Promise<Instance | undefined> {
    if (this.#telling?.id === id) return this.#telling;
    const asked = this.#asking.get(id);
    if (!asked) return await this.inspect(id, signal);
    try {
      return await race(asked, signal);
    } catch {
      signal.throwIfAborted();
      // Whoever asked for it has given up, or the engine failed: what it says now counts.
      return await this.inspect(id, signal);
    }
  }

  /** `isLatest`: once there is an answer, whether it is the latest word, as far as anybody knows. */
  #ask(
    ref: string,
    signal: AbortSignal,
  ): { readonly answer: Promise<Instance | undefined>; readonly isLatest: () => boolean } {
    let latest = false;
    const answer = this.#inspect(ref, signal).finally(() => {
      latest = this.#asking.get(ref) === answer;
      if (latest) this.#asking.delete(ref);
    });
    this.#asking.set(ref, answer);
    return { answer, isLatest: () => latest };
  }

  async #inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    using limit = deadline(this.#clock, INSPECT_LIMIT_MS, `inspect of ${ref}`, signal);
    // A provider that ignores the abort must not hold a place of the queue.
    const instance = await race(this.provider.inspect(ref, limit.signal), limit.signal);
    this.#remember(ref, instance);
    return instance;
  }

  #remember(ref: string, instance: Instance | undefined): void {
    if (instance) this.#instances.set(instance.id, instance);
    else this.#instances.delete(ref);
    this.remembered.emit(instance?.id ?? ref);
  }

  #drain(): void {
    for (const id of this.#dirty) {
      if (this.#busy >= PARALLEL) return;
      const looks = this.#looks.get(id) ?? { running: 0, failures: 0 };
      if (looks.running >= PARALLEL_OF_ONE) continue;
      if (looks.failures > 0 && this.#busyRetries >= PARALLEL_RETRIES) continue;
      this.#dirty.delete(id);
      this.#looks.set(id, looks);
      void this.#look(id, looks);
    }
  }

  /** One inspection. One that fails is made again later, and holds no place until then. Never rejects. */
  async #look(id: string, looks: Looks): Promise<void> {
    const isRetry = looks.failures > 0;
    looks.running++;
    this.#busy++;
    if (isRetry) this.#busyRetries++;
    let failure: unknown;
    try {
      const asked = this.#ask(id, this.#signal);
      const instance = await asked.answer;
      looks.failures = 0;
      this.#tell(id, instance, asked.isLatest());
    } catch (error) {
      looks.failures++;
      failure = error;
    }
    looks.running--;
    this.#busy--;
    if (isRetry) this.#busyRetries--;
    if (failure !== undefined) this.#lookAgain(id, looks, failure);
    else if (looks.running === 0 && !this.#dirty.has(id)) this.#looks.delete(id);
    this.#drain();
  }

  #lookAgain(id: string, looks: Looks, failure: unknown): void {
    // The watch reports an outage, and the listing that ends it leads to new inspections.
    if (this.#outage !== undefined || this.#signal.aborted) {
      if (looks.running === 0) this.#looks.delete(id);
      return;
    }
    if (looks.failures === FAILURES_UNTIL_SAID)
      isolated(() => this.#listener.onInspectFailed(this, id, messageOf(failure)));
    const lookOnce = async (): Promise<void> => {
      await sleep(this.#clock, backoffMs(looks.failures - 1, RETRY), this.#signal);
      // A listing, or a look that went well, made it needless.
      if (this.#looks.get(id) !== looks || looks.failures === 0) return;
      this.#dirty.add(id);
      this.#drain();
    };
    // Rejects only when the engine is not followed any longer.
    void lookOnce().catch(() => undefined);
  }

  #tell(id: string, instance: Instance | undefined, latest: boolean): void {
    this.#telling = latest ? instance : undefined;
    try {
      isolated(() => this.#listener.onInspected(this, id, instance));
    } finally {
      this.#telling = undefined;
    }
  }
}
