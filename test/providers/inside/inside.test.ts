import { describe, expect, it } from "vitest";
import { Emitter } from "../../../src/lib/emitter.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Machine } from "../../../src/providers/inside/machine.ts";
import { InsideProvider, type InsideOptions } from "../../../src/providers/inside/provider.ts";
import { ProcessProvider } from "../../../src/providers/process/provider.ts";
import {
  ProviderError,
  type EngineExam,
  type EngineSink,
  type Instance,
  type InstanceSummary,
} from "../../../src/providers/provider.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

const never = new AbortController().signal;

class FakeMachine implements Machine {
  readonly name = "nas";
  readonly changed = new Emitter<void>();
  up: boolean | undefined;

  set(up: boolean | undefined): void {
    this.up = up;
    this.changed.emit();
  }
}

/** Real local programs behind an engine that comes up some time after its machine. */
class LateEngine extends ProcessProvider {
  reachable = false;
  asked = 0;

  override async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    while (!this.reachable && !signal.aborted) {
      sink.away(this.#silence());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (!signal.aborted) await super.watch(sink, signal);
  }

  override async inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    this.asked++;
    if (!this.reachable) throw this.#silence();
    return super.inspect(ref, signal);
  }

  /** Refuses all that it is asked about. */
  examine(_signal: AbortSignal, ids: ReadonlySet<string>): Promise<EngineExam> {
    this.asked++;
    if (!this.reachable) return Promise.reject(this.#silence());
    return Promise.resolve({ refused: [...ids].map((call) => ({ call, grant: "a right" })) });
  }

  #silence(): ProviderError {
    return new ProviderError("engine_unreachable", this.engine, "nothing listens there");
  }
}

function stage(folder: TempFolder, options: Partial<InsideOptions> = {}) {
  const specs = new Map([["app", { command: ["sleep", "1000"], env: {} }]]);
  const engine = new LateEngine(specs, { clock: systemClock, stateDir: folder.path });
  const machine = new FakeMachine();
  const provider = new InsideProvider(engine, {
    clock: systemClock,
    machine,
    stateDir: folder.path,
    expected: [],
    ...options,
  });
  const sink = new RecordingSink();
  const stop = new AbortController();
  const done = provider.watch(sink, stop.signal);
  return {
    engine,
    machine,
    provider,
    sink,
    async [Symbol.asyncDispose]() {
      if (engine.reachable) await engine.sleep("app", { method: "kill" }, never).catch(() => undefined);
      stop.abort();
      await done;
      await provider[Symbol.asyncDispose]();
    },
  };
}

const called: InstanceSummary = {
  id: "jellyfin",
  name: "jellyfin",
  createdAt: 0,
  image: "",
  labels: {},
  status: "exited",
  networks: [],
};

describe("an engine inside of a machine", () => {
  it("is not asked while the machine sleeps: what was listed there counts as asleep", async () => {
    await using folder = await tempFolder("inside");
    await using world = stage(folder);
    const { machine, engine, provider, sink } = world;
    engine.reachable = true;
    machine.set(true);
    await sink.until("listed", ({ listings }) => listings.length === 1);
    await provider.wake({ id: "app", status: "created" }, never);
    expect((await provider.inspect("app", never))?.status).toBe("running");
    machine.set(false);
    await sink.until("listed asleep", ({ listings }) => listings.length === 2);
    expect(sink.listings[1]?.instances[0]).toMatchObject({ id: "app", status: "exited" });
    const { asked } = engine;
    expect((await provider.inspect("app", never))?.status).toBe("exited");
    expect(engine.asked).toBe(asked);
    expect(sink.outages).toEqual([]);
  });

  it("is known to a Wakegate that starts while the machine sleeps", async () => {
    await using folder = await tempFolder("inside");
    {
      await using world = stage(folder);
      world.engine.reachable = true;
      world.machine.set(true);
      await world.sink.until("listed", ({ listings }) => listings.length === 1);
    }
    await using world = stage(folder);
    world.machine.set(false);
    await world.sink.until("listed", ({ listings }) => listings.length === 1);
    expect(world.sink.listings[0]?.instances).toMatchObject([{ id: "app", name: "app" }]);
  });

  it("has what the file names even if it was never asked", async () => {
    await using folder = await tempFolder("inside");
    await using world = stage(folder, { expected: [called] });
    world.machine.set(false);
    await world.sink.until("listed", ({ listings }) => listings.length === 1);
    expect(await world.provider.inspect("jellyfin", never)).toMatchObject({ status: "exited", runId: "" });
  });

  it("lets a wake wait until it has come up behind its machine", async () => {
    await using folder = await tempFolder("inside");
    await using world = stage(folder, { expected: [{ ...called, id: "app", name: "app" }] });
    const { machine, engine, provider, sink } = world;
    machine.set(true);
    const waits: string[] = [];
    const woken = provider.wake({ id: "app", status: "exited" }, never, {
      withinMs: 20_000,
      onWaiting: (why) => {
        waits.push(why ?? "over");
        engine.reachable = true;
      },
    });
    await woken;
    expect(waits).toEqual(["the engine process is coming up in nas", "over"]);
    expect((await provider.inspect("app", never))?.status).toBe("running");
    await sink.until("listed", ({ listings }) => listings.length === 1);
    expect(sink.outages).toEqual([]);
  });

  it("is away when it stays silent although its machine is up", async () => {
    await using folder = await tempFolder("inside");
    await using world = stage(folder, { graceMs: 100 });
    world.machine.set(true);
    await world.sink.until("away", ({ outages }) => outages.length > 0);
    expect(world.sink.outages[0]).toMatchObject({ code: "engine_unreachable" });
  });

  it("is examined while its machine is up, and not asked while that sleeps", async () => {
    await using folder = await tempFolder("inside");
    await using world = stage(folder);
    const { machine, engine, provider, sink } = world;
    engine.reachable = true;
    machine.set(true);
    await sink.until("listed", ({ listings }) => listings.length === 1);
    expect(await provider.examine?.(never, new Set(["app"]))).toEqual({
      refused: [{ call: "app", grant: "a right" }],
    });
    machine.set(false);
    const { asked } = engine;
    expect(await provider.examine?.(never, new Set(["app"]))).toEqual({ refused: [], asleepIn: "nas" });
    expect(engine.asked).toBe(asked);
    machine.set(true);
    engine.reachable = false;
    await expect(provider.examine?.(never, new Set())).rejects.toMatchObject({ code: "engine_unreachable" });
  });

  it("stays as it was while nobody can tell how the machine is", async () => {
    await using folder = await tempFolder("inside");
    await using world = stage(folder);
    world.engine.reachable = true;
    world.machine.set(true);
    await world.sink.until("listed", ({ listings }) => listings.length === 1);
    world.machine.set(undefined);
    expect((await world.provider.inspect("app", never))?.status).toBe("created");
    expect(world.sink.listings).toHaveLength(1);
  });
});
