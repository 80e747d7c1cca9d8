import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach } from "vitest";
import type { Instance, Provider } from "../../src/providers/provider.ts";
import { RecordingSink } from "./recording-sink.ts";

/** In what an engine differs from Docker, where `can` does not say it. */
export interface Traits {
  /** What it says of an instance that never ran. Default: created. */
  readonly neverRan: "created" | "exited";
  /** It knows how runs ended, and by which process. Default: true. */
  readonly exits: boolean;
  /** It sends signals of the caller's choice. Default: true. */
  readonly signals: boolean;
  /** This kind of instance can be paused, where the provider can at all. Default: true. */
  readonly pauses: boolean;
  /** The instance can be made to behave as a test wants, and taken away. False: one that is there already. Default: true. */
  readonly staged: boolean;
  /** A run that ends at once is noticed as a run. Default: true. */
  readonly ends: boolean;
  /** A stop is told before the end. Default: true. */
  readonly announces: boolean;
  /** Its counters count from its start on, and not some time later. Default: true. */
  readonly counts: boolean;
  /** The engine can lose it. Default: true. */
  readonly removable: boolean;
}

const TRAITS: Traits = {
  neverRan: "created",
  exits: true,
  signals: true,
  pauses: true,
  staged: true,
  ends: true,
  announces: true,
  counts: true,
  removable: true,
};

/** What a provider must bring along to be put to the test. Everything here works without the provider. */
export interface ContractWorld extends AsyncDisposable {
  readonly provider: Provider;
  /** Adds the sleepy app (test/support/images/sleepy.mjs), never run; resolves with its id. */
  create(name: string, env: Readonly<Record<string, string>>): Promise<string>;
  /** Takes it away by force, behind the provider's back. */
  destroy(id: string): Promise<void>;
  /** Kills it behind the provider's back. */
  killOutside(id: string, instance: Instance): Promise<void>;
  readonly traits?: Partial<Traits>;
  /** Tells that it handles signals by now, where there are no logs that do. */
  readonly booted?: (id: string) => Promise<boolean>;
  /** A provider of the same engine as a Wakegate has it that comes later. */
  reopen(): Promise<Provider>;
  /** Cuts the connection in a way that must cause a new listing; absent where there is no connection. */
  readonly gap?: () => Promise<void>;
  /** Makes the engine unreachable and back; absent where it cannot be. */
  readonly outage?: { readonly begin: () => Promise<void>; readonly end: () => Promise<void> };
}

/** A signal that never aborts. */
export const never = new AbortController().signal;
export const LIMIT = { lines: 20, bytes: 4096 };

/** A watch under way. */
export interface Watching {
  readonly sink: RecordingSink;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** The steps that the contract's tests are made of, in a fresh world for each test. */
export class ContractRig {
  #world: ContractWorld | undefined;
  #created: string[] = [];
  #serial = 0;
  #skip: (why: string) => void = () => undefined;

  constructor(open: () => Promise<ContractWorld>) {
    beforeEach(async (context) => {
      this.#skip = (why) => context.skip(why);
      this.#world = await open();
    });
    afterEach(async () => {
      for (const id of this.#created.splice(0)) await this.world.destroy(id);
      await this.world[Symbol.asyncDispose]();
    });
  }

  get world(): ContractWorld {
    if (!this.#world) throw new Error("outside of a test");
    return this.#world;
  }

  get provider(): Provider {
    return this.world.provider;
  }

  get traits(): Traits {
    return { ...TRAITS, ...this.world.traits };
  }

  /** Ends the test here where the engine has no such thing. */
  needs(trait: "exits" | "signals" | "pauses" | "staged" | "ends" | "counts"): void {
    if (!this.traits[trait]) this.#skip("not so here");
  }

  /** What is said of a run's end, as far as this engine knows it. */
  ended(code: number): object {
    return { status: "exited", ...(this.traits.exits && { exit: { code } }) };
  }

  async app(env: Readonly<Record<string, string>> = {}): Promise<string> {
    if (Object.keys(env).length > 0) this.needs("staged");
    this.#serial++;
    const id = await this.world.create(`contract-${String(process.pid)}-${String(this.#serial)}`, {
      PORT: "0",
      ...env,
    });
    this.#created.push(id);
    return id;
  }

  async look(id: string): Promise<Instance> {
    const instance = await this.provider.inspect(id, never);
    if (!instance) throw new Error(`${id} is not there`);
    return instance;
  }

  async wake(id: string): Promise<Instance> {
    await this.provider.wake(await this.look(id), never);
    return this.look(id);
  }

  /** Awake, and far enough to handle signals. */
  async wakeFully(id: string): Promise<Instance> {
    const instance = await this.wake(id);
    const { booted } = this.world;
    await this.eventually(async () =>
      booted
        ? booted(id)
        : (await this.provider.logs(id, LIMIT, never)).some((line) => line.includes("listening")),
    );
    return instance;
  }

  async eventually(condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries++) {
      if (tries > 1_200) throw new Error("never came true");
      await delay(25);
    }
  }

  /** Starts to watch; abort `stop` and await `done` at the end. */
  watching(): Watching {
    const sink = new RecordingSink();
    const stop = new AbortController();
    return { sink, stop, done: this.provider.watch(sink, stop.signal) };
  }
}
