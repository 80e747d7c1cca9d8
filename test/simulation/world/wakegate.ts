import type { Settings } from "../../../src/config/model.ts";
import { createForwardAuth, type ForwardAuth } from "../../../src/forward-auth/forward-auth.ts";
import type { Subscribable } from "../../../src/lib/emitter.ts";
import { isolatedLog } from "../../../src/lib/isolate.ts";
import type { Log } from "../../../src/lib/log.ts";
import { Streams } from "../../../src/stream/streams.ts";
import { openFileStore } from "../../../src/store/file-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { keepJournal } from "../../../src/watchers/journal.ts";
import { Registry } from "../../../src/watchers/registry/registry.ts";
import type { Happening } from "../happening.ts";
import type { Engine } from "./engine.ts";
import type { Mischief } from "./mischief.ts";
import { ProcessClock } from "./process-clock.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { SimNet } from "./sim-net.ts";
import { SimProvider } from "./sim-provider.ts";
import type { WorldClock } from "./world-clock.ts";

export const STATE_DIR = "/state";
export const STATE_FILE = "/state/state.json";

export interface WakegateOptions {
  readonly settings: Settings;
  readonly world: WorldClock;
  readonly engine: Engine;
  readonly mischief: Mischief;
  readonly disk: SimDisk;
  readonly net: SimNet;
  readonly tell: (happening: Happening) => void;
  readonly started: (run: string) => void;
  readonly number: () => number;
  /** Ids of the containers that Wakegate believes to be at an address. */
  readonly believedAt: (address: string) => readonly string[];
}

/** Signs pages; nobody reads them here. */
const KEY = new Uint8Array(32);
/** Drawing pages is tested elsewhere, and slow. */
const RENDERER = { render: () => ({ html: "", csp: "" }) };

/**
 * One process of Wakegate: the parts of `startService` without its listeners, in the same order, on simulated
 * time, disk, network and engine.
 */
export class Wakegate {
  readonly clock: ProcessClock;
  readonly provider: SimProvider;
  readonly store: Store;
  readonly registry: Registry;
  readonly forwardAuth: ForwardAuth;
  readonly streams: Streams;
  readonly #journal: Disposable;

  private constructor(
    clock: ProcessClock,
    provider: SimProvider,
    store: Store,
    registry: Registry,
    forwardAuth: ForwardAuth,
    streams: Streams,
    journal: Disposable,
  ) {
    this.clock = clock;
    this.provider = provider;
    this.store = store;
    this.registry = registry;
    this.forwardAuth = forwardAuth;
    this.streams = streams;
    this.#journal = journal;
  }

  /**
   * Begins a process. `began` is called when it answers, `failed` when it could not start; of a process that is
   * killed before nothing is heard.
   */
  static begin(
    options: WakegateOptions,
    began: (wakegate: Wakegate) => void,
    failed: (error: unknown) => void,
  ): ProcessClock {
    const clock = new ProcessClock(options.world);
    void Wakegate.#open(clock, options).then(began, failed);
    return clock;
  }

  static async #open(clock: ProcessClock, options: WakegateOptions): Promise<Wakegate> {
    const { settings, disk, net, world, engine, mischief, started, number, believedAt } = options;
    const tell = (happening: Happening): void => {
      if (clock.alive) options.tell(happening);
    };
    const observe = (): void => {
      if (mischief.observersThrow) throw new Error("an observer throws");
    };
    const log = isolatedLog(logTo(tell, observe));
    const store = await openFileStore({ dir: STATE_DIR, clock, log, disk: disk.for(clock) });
    const probes = net.probes(clock, (address) => tell({ kind: "proved", ids: believedAt(address) }));
    const registry = new Registry({ settings, clock, store, log, probes });
    registry.moved.subscribe((moved) => tell({ kind: "moved", moved }));
    for (const emitter of [registry.moved, registry.stepped, registry.told, registry.pools.yielded])
      (emitter as Subscribable<unknown>).subscribe(observe);
    const journal = keepJournal(registry, log);
    const provider = new SimProvider({ engine, mischief, world, process: clock, tell, started, number });
    registry.addEngine(provider);
    const forwardAuth = createForwardAuth({
      settings,
      directory: registry,
      clock,
      key: KEY,
      renderer: RENDERER,
      log,
    });
    const streams = await Streams.open({ directory: registry, clock, log, net: net.net(clock) });
    return new Wakegate(clock, provider, store, registry, forwardAuth, streams, journal);
  }

  reconfigure(settings: Settings): void {
    this.registry.configure(settings);
    this.forwardAuth.reconfigure(settings);
  }

  /** Ends in good order, as the service does. */
  async close(): Promise<void> {
    await this.forwardAuth[Symbol.asyncDispose]();
    await this.streams[Symbol.asyncDispose]();
    this.#journal[Symbol.dispose]();
    await this.registry[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

function logTo(tell: (happening: Happening) => void, written: () => void): Log {
  const at =
    (level: string) =>
    (event: string, message: string): void => {
      tell({ kind: "logged", level, event, message });
      written();
    };
  return { debug: () => undefined, info: at("info"), warn: at("warn"), error: at("error") };
}
