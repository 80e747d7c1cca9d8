import type {
  Capability,
  EngineChange,
  EngineSink,
  ExecResult,
  Instance,
  InstanceSummary,
  Provider,
  SleepRequest,
  Usage,
} from "../../../src/providers/provider.ts";
import { ProviderError } from "../../../src/providers/provider.ts";
import type { EngineCall, Happening } from "../happening.ts";
import { answers, instanceOf, type Box } from "./box.ts";
import type { Engine } from "./engine.ts";
import type { BrokenInspect, Call, Mischief } from "./mischief.ts";
import type { ProcessClock } from "./process-clock.ts";
import type { WorldClock } from "./world-clock.ts";

export interface SimProviderOptions {
  readonly engine: Engine;
  readonly mischief: Mischief;
  readonly world: WorldClock;
  /** Of the Wakegate that uses it: answers reach it while it lives. */
  readonly process: ProcessClock;
  readonly tell: (happening: Happening) => void;
  /** A run began because Wakegate asked for it, dead or alive since. */
  readonly started: (run: string) => void;
  /** Serial numbers of calls. */
  readonly number: () => number;
}

const CALL_MS = 3;
const LIST_LIMIT_MS = 30_000;

/** One Wakegate's way to the engine, with everything that may go wrong on it. */
export class SimProvider implements Provider {
  readonly kind = "docker";
  readonly engine = "local";
  readonly can: ReadonlySet<Capability> = new Set(["pause", "kill", "usage", "logs", "exec"]);
  readonly #options: SimProviderOptions;
  readonly #old = new Map<string, Instance>();
  #sink: EngineSink | undefined;
  #away = false;
  #listings = 0;
  /** What happens while the listing is made is told after it, as by the real providers. */
  #held: EngineChange[] | undefined;

  constructor(options: SimProviderOptions) {
    this.#options = options;
  }

  watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    const { engine } = this.#options;
    const listener = (change: EngineChange): void => this.#onChange(change);
    engine.listeners.add(listener);
    void this.relist();
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        engine.listeners.delete(listener);
        this.#sink = undefined;
        resolve();
      });
    });
  }

  /** The event stream broke and came back: everything is listed anew. Tried until the engine answers. */
  async relist(): Promise<void> {
    const { engine, tell, process, world } = this.#options;
    const mine = ++this.#listings;
    this.#held = [];
    try {
      const limit = new AbortController();
      world.after(LIST_LIMIT_MS, () =>
        limit.abort(new ProviderError("engine_timeout", this.engine, "no answer in time")),
      );
      const instances = await this.#call("list", limit.signal, () =>
        [...engine.boxes.values()].map(summaryOf),
      );
      // The stream that it belonged to broke meanwhile: another one is under way.
      if (mine !== this.#listings) return;
      this.#away = false;
      tell({ kind: "listed", instances });
      this.#sink?.listed({ instances });
      const held = this.#held;
      this.#held = undefined;
      for (const change of held) this.#change(change);
    } catch (error) {
      if (mine !== this.#listings) return;
      if (!this.#away && this.#sink) {
        this.#away = true;
        tell({ kind: "away" });
        this.#sink.away(error as ProviderError);
      }
      world.after(500, () => process.deliver(() => void (this.#sink && this.relist())));
    }
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    const broken = this.#brokenInspect(ref);
    return this.#call("inspect", signal, () => {
      if (broken === "fails") throw new ProviderError("engine_failed", this.engine, "its driver is broken");
      return broken === "hangs" ? new Promise<never>(() => undefined) : this.#look(ref);
    }).then((instance) => {
      this.#options.tell({ kind: "told", id: instance?.id ?? ref, instance });
      return instance;
    });
  }

  async wake({ id }: Pick<Instance, "id" | "status">, signal: AbortSignal): Promise<void> {
    const { engine, started } = this.#options;
    await this.#act({ method: "wake", id }, signal, () => {
      const box = this.#box(id);
      const before = box.run;
      engine.start(box);
      if (box.run !== before) started(box.run);
    });
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    await this.#act({ method: "sleep", how: request.method, id }, signal, () =>
      engine.stop(this.#box(id), request.method, request.timeoutMs),
    );
  }

  async usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    const { engine, tell } = this.#options;
    const bytes = await this.#call("usage", signal, () => engine.bytesOf(this.#box(id)));
    tell({ kind: "usage", name: nameOf(id), bytes });
    return { receivedBytes: bytes, sentBytes: 0, cpuSeconds: 0 };
  }

  logs(id: string, _limit: unknown, signal: AbortSignal): Promise<readonly string[]> {
    return this.#call("logs", signal, () => [`last words of ${this.#box(id).name}`]);
  }

  exec(id: string, _argv: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    const { world, tell } = this.#options;
    return this.#call("exec", signal, () => {
      const healthy = answers(this.#box(id), world.monotonic());
      return { exitCode: healthy ? 0 : 1, output: healthy ? "" : "not yet" };
    }).then((result) => {
      if (result.exitCode === 0) tell({ kind: "proved", ids: [id] });
      return result;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #find(ref: string): Box | undefined {
    const { engine } = this.#options;
    return engine.boxes.get(ref) ?? engine.named(ref);
  }

  #brokenInspect(ref: string): BrokenInspect | undefined {
    return this.#options.mischief.brokenInspects.get(this.#find(ref)?.name ?? "");
  }

  #look(ref: string): Instance | undefined {
    const { mischief } = this.#options;
    const box = this.#find(ref);
    const truth = box && instanceOf(box);
    const lie = box && mischief.lies.get(box.name);
    if (truth && lie === "as before") return this.#old.get(truth.id) ?? truth;
    if (truth) this.#old.set(truth.id, truth);
    if (lie === "gone") return undefined;
    if (truth && lie === "running") return { ...truth, status: "running" };
    if (truth && lie === "exited")
      return { ...truth, status: "exited", exit: { code: 0, oomKilled: false, at: 0 } };
    return truth;
  }

  #box(id: string): Box {
    const box = this.#options.engine.boxes.get(id);
    if (!box) throw new ProviderError("not_found", this.engine, `no such container: ${id}`);
    return box;
  }

  async #act(
    what: Pick<EngineCall, "method" | "how" | "id">,
    signal: AbortSignal,
    deed: () => void | Promise<void>,
  ): Promise<void> {
    const { tell, number } = this.#options;
    const call: EngineCall = { ...what, name: nameOf(what.id), number: number() };
    tell({ kind: "calls", call });
    try {
      await this.#call(what.method, signal, deed);
      tell({ kind: "called", call, how: "done" });
    } catch (error) {
      tell({ kind: "called", call, how: signal.aborted ? "abandoned" : "failed" });
      throw error;
    }
  }

  /** The way of one call: there, the deed, and back. Nothing comes back to a dead process. */
  #call<T>(call: Call, signal: AbortSignal | undefined, deed: () => T | Promise<T>): Promise<T> {
    const { mischief, world, process } = this.#options;
    const fate = mischief.take(call);
    return new Promise<T>((resolve, reject) => {
      const answer = (settle: () => void): void => {
        const afterMs = fate?.kind === "slow" ? fate.afterMs : mischief.random.delay(CALL_MS);
        const deliver = (): void =>
          process.deliver(() => {
            signal?.removeEventListener("abort", onAbort);
            settle();
          });
        if (afterMs === 0) deliver();
        else world.after(afterMs, deliver);
      };
      const fail = (error: unknown): void => answer(() => reject(error));
      const onAbort = (): void => reject(signal?.reason as Error);
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      if (fate?.kind === "hangs") return;
      world.after(fate?.kind === "slow" ? fate.beforeMs : mischief.random.delay(CALL_MS), () => {
        if (mischief.down)
          return fail(new ProviderError("engine_unreachable", this.engine, "connection refused"));
        if (fate?.kind === "fails")
          return fail(new ProviderError("engine_failed", this.engine, "cannot do that"));
        const lost = new ProviderError("engine_timeout", this.engine, "no answer");
        Promise.resolve()
          .then(deed)
          .then(
            (result) => (fate?.kind === "answer lost" ? fail(lost) : answer(() => resolve(result))),
            fail,
          );
      });
    });
  }

  #change(change: EngineChange): void {
    if (!this.#sink) return;
    this.#options.tell({ kind: "event", ...change });
    this.#sink.changed(change);
  }

  #onChange(change: EngineChange): void {
    const { mischief, world, process } = this.#options;
    const { random, events } = mischief;
    if (mischief.down || random.chance(events.lost)) return;
    for (let copies = random.chance(events.repeated) ? 2 : 1; copies > 0; copies--) {
      world.after(random.delay(events.delayMs), () =>
        process.deliver(() => {
          if (this.#held) this.#held.push(change);
          else this.#change(change);
        }),
      );
    }
  }
}

function summaryOf(box: Box): InstanceSummary {
  const { id, name, createdAt, image, labels, status, networks, networkOwner } = instanceOf(box);
  return {
    id,
    name,
    createdAt,
    image,
    labels,
    status,
    networks,
    ...(networkOwner !== undefined && { networkOwner }),
  };
}

/** Ids are names with a number, so that traces can be read. */
function nameOf(id: string): string {
  return id.replace(/-\d+$/, "");
}
