import { describe, expect, it } from "vitest";
import { startService } from "../../src/service.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { loadText, settingsOf } from "./support.ts";

describe("a reload that fails half-way", () => {
  it("leaves the old configuration in force as a whole, and a good one later is applied in full", async () => {
    await using folder = await tempFolder("reload");
    const load = async (engines: string) => ({
      ...settingsOf(
        await loadText(
          `listen: 127.0.0.1:0\npublic_listen: 127.0.0.1:0\nproviders: { docker: { ${engines} } }\n`,
        ),
      ),
      stateDir: folder.path,
    });
    const closed: string[] = [];
    let isBroken = true;
    await using service = await startService({
      settings: await load("one: tcp://one"),
      store: new MemoryStore(),
      openEngine: async ({ name }) => {
        if (name === "broken" && isBroken) throw new Error("its certificate cannot be read");
        const world = new FakeWorld(systemClock, name);
        world[Symbol.asyncDispose] = async () => {
          closed.push(name);
          // Closing the old engine fails: the new configuration is applied all the same.
          if (name === "one") throw new Error("the socket is gone");
        };
        return world;
      },
    });
    const engines = (): readonly string[] => service.registry.views.map(({ engine }) => engine).toSorted();
    const next = await load("two: tcp://two, broken: tcp://broken");
    await expect(service.reconfigure(next)).rejects.toThrow("its certificate cannot be read");
    expect(engines()).toEqual(["one"]);
    // What was opened for nothing is closed again.
    expect(closed).toEqual(["two"]);
    isBroken = false;
    await service.reconfigure(next);
    expect(engines()).toEqual(["broken", "two"]);
    expect(closed).toEqual(["two", "one"]);
  });
});
