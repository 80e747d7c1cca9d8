import { describe, expect, it, vi } from "vitest";
import { Emitter } from "../../src/lib/emitter.ts";
import { isolatedLog, reportObserverErrors } from "../../src/lib/isolate.ts";
import { ProviderError } from "../../src/providers/provider.ts";
import { settle } from "../support/virtual-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { BY_REQUEST, labels, rig } from "./world.ts";

const bad = (): never => {
  throw new Error("this observer is broken");
};

describe("an observer that throws", () => {
  it("is reported, and the other observers are still called", () => {
    const errors: unknown[] = [];
    using _ = reportObserverErrors((error) => errors.push(error));
    const emitter = new Emitter<number>();
    const heard: number[] = [];
    emitter.subscribe(bad);
    emitter.subscribe((value) => heard.push(value));
    emitter.emit(1);
    expect([heard, errors]).toEqual([[1], [new Error("this observer is broken")]]);
  });

  it("keeps no target from waking and sleeping, whatever it observes", async () => {
    const errors: unknown[] = [];
    using _ = reportObserverErrors((error) => errors.push(error));
    await using r = await rig({
      setUp: (world) => world.create("app", { labels: labels(), status: "exited" }),
    });
    const app = r.watcher("app");
    for (const observed of [
      r.registry.moved,
      r.registry.stepped,
      r.registry.told,
      r.registry.changed,
      app.changed,
      app.events,
    ])
      observed.subscribe(bad);
    app.wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("app")).toBe("ready");
    await r.clock.advance(10 * 60_000);
    expect(r.state("app")).toBe("napping");
    expect(errors.length).toBeGreaterThan(0);
  });

  it("loses a line of the log, and nothing else", () => {
    const log = new RecordingLog();
    const guarded = isolatedLog({
      info: bad,
      warn: (event, message) => log.warn(event, message),
      debug: bad,
      error: bad,
    });
    guarded.info("lost", "this line is lost");
    guarded.error("lost", "this one too");
    guarded.warn("kept", "this line is kept");
    expect(log.of("kept")).toEqual(["this line is kept"]);
  });
});

describe("a container whose inspection fails", () => {
  const two = {
    setUp: (world: { create: (name: string, options: object) => unknown }) => {
      world.create("broken", { labels: labels(), status: "running" });
      world.create("app", { labels: labels(), status: "running" });
    },
  };

  it.each([
    ["always", () => Promise.reject(new ProviderError("engine_failed", "local", "no such driver"))],
    ["and never answers", () => new Promise<never>(() => undefined)],
  ])("%s keeps no event of another container from being noticed", async (_, fail) => {
    await using r = await rig(two);
    await r.clock.advance(1_000);
    expect(r.state("app")).toBe("ready");
    const inspect = r.world.inspect.bind(r.world);
    const broken = r.world.get("broken").id;
    vi.spyOn(r.world, "inspect").mockImplementation((ref: string) =>
      ref === broken || ref === "broken" ? fail() : inspect(ref),
    );
    for (let i = 0; i < 20; i++) r.world.change("broken", {}, "health");
    await settle();
    r.world.dies(r.world.get("app").id, 1);
    await settle();
    expect(r.state("app")).not.toBe("ready");
  });

  it("delays others by no more than its limit, however many hang and ignore their deadline", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `broken${String(n)}`);
    await using r = await rig({
      setUp: (world) => {
        for (const name of [...names, "app"]) world.create(name, { labels: labels(), status: "running" });
      },
    });
    await r.clock.advance(1_000);
    const inspect = r.world.inspect.bind(r.world);
    const broken = new Set(names.map((name) => r.world.get(name).id));
    vi.spyOn(r.world, "inspect").mockImplementation((ref: string) =>
      broken.has(ref) ? new Promise<never>(() => undefined) : inspect(ref),
    );
    for (const name of names) r.world.change(name, {}, "health");
    r.world.dies(r.world.get("app").id, 1);
    // Three rounds of inspections, well before its idle time is over.
    await r.clock.advance(31_000);
    expect(r.state("app")).not.toBe("ready");
  });

  it("is reported once, by its target's name", async () => {
    await using r = await rig(two);
    await r.clock.advance(1_000);
    const broken = r.world.get("broken").id;
    const inspect = r.world.inspect.bind(r.world);
    vi.spyOn(r.world, "inspect").mockImplementation((ref: string) =>
      ref === broken
        ? Promise.reject(new ProviderError("engine_failed", "local", "no such driver"))
        : inspect(ref),
    );
    r.world.change("broken", {}, "health");
    await r.clock.advance(10 * 60_000);
    const lines = r.log.of("inspect_failed");
    expect(lines).toEqual(["engine local cannot inspect broken: no such driver. It is tried again."]);
  });
});
