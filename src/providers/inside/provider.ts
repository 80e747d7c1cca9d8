import { join } from "node:path";
import { sleep, type Clock } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import { untilTrue } from "../../lib/until-true.ts";
import {
  ProviderError,
  type Capability,
  type EngineSink,
  type ExecResult,
  type Instance,
  type InstanceSummary,
  type Provider,
  type ProviderKind,
  type SleepRequest,
  type Usage,
  type WakePatience,
  type LogLimit,
} from "../provider.ts";
import type { Machine } from "./machine.ts";
import { Memory } from "./memory.ts";

export interface InsideOptions {
  readonly clock: Clock;
  readonly machine: Machine;
  /** Folder for what a later Wakegate must know. Unset: nothing is kept. */
  readonly stateDir?: string;
  /** What the configuration says is there. */
  readonly expected: readonly InstanceSummary[];
  /** How long after its machine an engine may come up before its silence is an outage, in ms. */
  readonly graceMs?: number;
}

const GRACE_MS = 60_000;
const ASK_AGAIN_MS = 500;
const USUAL_PATIENCE_MS = 180_000;

/**
 * An engine inside of a machine that sleeps too. While the machine is not up nothing is asked of the engine, and all
 * that was ever listed there counts as asleep; a wake waits until the engine has come up behind its machine. That
 * the machine wakes first is not done here: it is what everything in it depends on.
 */
export class InsideProvider implements Provider {
  readonly kind: ProviderKind;
  readonly engine: string;
  readonly can: ReadonlySet<Capability>;
  readonly follow?: (ids: ReadonlySet<string>) => void;
  readonly examine?: NonNullable<Provider["examine"]>;
  readonly #inner: Provider;
  readonly #clock: Clock;
  readonly #machine: Machine;
  readonly #graceMs: number;
  readonly #memory: Memory;
  /** The engine has answered since the machine came up. */
  #answers = false;
  /** The last that was known of the machine. */
  #up: boolean | undefined;

  /** Takes ownership of the engine. */
  constructor(inner: Provider, { clock, machine, stateDir, expected, graceMs = GRACE_MS }: InsideOptions) {
    this.#inner = inner;
    this.kind = inner.kind;
    this.engine = inner.engine;
    this.can = inner.can;
    this.#clock = clock;
    this.#machine = machine;
    this.#graceMs = graceMs;
    const path = stateDir === undefined ? undefined : join(stateDir, "engines", `${inner.engine}.json`);
    this.#memory = new Memory(path, expected);
    if (inner.follow) this.follow = inner.follow.bind(inner);
    const examine = inner.examine?.bind(inner);
    if (examine) {
      this.examine = async (signal, ids) =>
        this.#machineUp ? await examine(signal, ids) : { refused: [], asleepIn: machine.name };
    }
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    const { changed } = this.#machine;
    using first = linkSignals(signal);
    // Who cannot be looked at for so long is taken for asleep, or nothing would ever be known of what is inside.
    using _patience = this.#clock.after(this.#graceMs, () => first.abort(new Error("nobody can tell")));
    await untilTrue(changed, () => this.#machineUp !== undefined, first.signal).catch(() => undefined);
    while (!signal.aborted) {
      if (this.#machineUp) await this.#watchWhileUp(sink, signal);
      else {
        sink.listed({ instances: this.#memory.asleep() });
        await untilTrue(changed, () => this.#machineUp === true, signal).catch(() => undefined);
      }
    }
  }

  async inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    signal.throwIfAborted();
    if (!this.#isUp) return this.#memory.find(ref);
    const instance = await this.#inner.inspect(ref, signal);
    this.#memory.inspected(ref, instance);
    return instance;
  }

  async wake(
    instance: Pick<Instance, "id" | "status">,
    signal: AbortSignal,
    patience: WakePatience = { withinMs: USUAL_PATIENCE_MS, onWaiting: () => undefined },
  ): Promise<void> {
    const began = this.#clock.monotonic();
    await this.#comesUp(instance.id, patience, signal);
    const withinMs = Math.max(0, patience.withinMs - (this.#clock.monotonic() - began));
    await this.#inner.wake(instance, signal, { ...patience, withinMs });
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    if (this.#isUp) await this.#inner.sleep(id, request, signal);
  }

  async usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    return this.#isUp ? await this.#inner.usage(id, signal) : undefined;
  }

  async logs(id: string, limit: LogLimit, signal: AbortSignal): Promise<readonly string[]> {
    return this.#isUp ? await this.#inner.logs(id, limit, signal) : [];
  }

  async commands(id: string, signal: AbortSignal): Promise<readonly (readonly string[])[]> {
    return this.#isUp ? ((await this.#inner.commands?.(id, signal)) ?? []) : [];
  }

  exec(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    return this.#inner.exec(id, argv, signal);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  get #isUp(): boolean {
    return this.#machineUp === true && this.#answers;
  }

  get #machineUp(): boolean | undefined {
    this.#up = this.#machine.up ?? this.#up;
    return this.#up;
  }

  /** Follows the engine until the machine is not up any more. */
  async #watchWhileUp(sink: EngineSink, signal: AbortSignal): Promise<void> {
    using session = linkSignals(signal);
    using _machine = this.#machine.changed.subscribe(() => {
      if (!this.#machineUp) session.abort(new Error(`${this.#machine.name} sleeps`));
    });
    this.#answers = false;
    let silence: ProviderError | undefined;
    let patient = true;
    using _grace = this.#clock.after(this.#graceMs, () => {
      patient = false;
      if (silence) sink.away(silence);
    });
    if (!this.#machineUp) return;
    await this.#inner.watch(
      {
        listed: (snapshot) => {
          silence = undefined;
          this.#answers = true;
          this.#memory.listed(snapshot.instances);
          sink.listed(snapshot);
        },
        changed: (change) => sink.changed(change),
        away: (error) => {
          silence = error;
          // An engine that was there and went, while its machine is up, is an outage like any other.
          if (!patient || this.#answers) sink.away(error);
        },
      },
      session.signal,
    );
    this.#answers = false;
    this.#memory.keep();
  }

  /** Asks until the engine answers: it starts some time after its machine is up. */
  async #comesUp(id: string, patience: WakePatience, signal: AbortSignal): Promise<void> {
    const end = this.#clock.monotonic() + patience.withinMs;
    let told = false;
    using _ = {
      [Symbol.dispose]: () => {
        if (told) patience.onWaiting(undefined);
      },
    };
    while (!this.#isUp) {
      signal.throwIfAborted();
      try {
        if (this.#machineUp) {
          await this.#inner.inspect(id, signal);
          this.#answers = true;
          return;
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!isSilence(error)) throw error;
        if (this.#clock.monotonic() >= end) throw error;
      }
      if (this.#clock.monotonic() >= end) throw this.#asleep();
      if (!told) patience.onWaiting(`the engine ${this.engine} is coming up in ${this.#machine.name}`);
      told = true;
      await sleep(this.#clock, ASK_AGAIN_MS, signal);
    }
  }

  #asleep(): ProviderError {
    const message = `engine ${this.engine}: ${this.#machine.name}, which it runs in, sleeps`;
    return new ProviderError("engine_unreachable", this.engine, message);
  }
}

function isSilence(error: unknown): boolean {
  return error instanceof ProviderError && ["engine_unreachable", "engine_timeout"].includes(error.code);
}
