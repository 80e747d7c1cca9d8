import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { EngineView } from "../../src/watchers/registry/engine-view.ts";
import { Named } from "../../src/watchers/registry/named.ts";
import { Readings } from "../../src/watchers/registry/readings.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const { signal } = new AbortController();

async function scene() {
  const clock = new VirtualClock();
  const world = new FakeWorld(clock);
  const loaded = await loadSettings({ env: { DOCKER_HOST: "unix:///nowhere.sock" } });
  if (!("settings" in loaded)) throw new Error("the environment is wrong");
  const silent = (): void => undefined;
  const listener = {
    onListed: silent,
    onInspected: silent,
    onStopSignal: silent,
    onAway: silent,
    onInspectFailed: silent,
  };
  const view = new EngineView(world, clock, listener, signal);
  const readings = new Readings(loaded.settings);
  const named = new Named(view, readings);
  const names = (name: string): readonly string[] => named.get(name).map((instance) => instance.name);
  const list = (...listed: readonly string[]): void =>
    view.listed({ instances: listed.map((name) => world.get(name)) });
  return { world, view, readings, names, list, settings: loaded.settings };
}

describe("the instances of a name", () => {
  it("are those of the last listing, with what was looked at since", async () => {
    const { world, view, names, list } = await scene();
    world.create("blog", { labels: { "wakegate.enable": "true" } });
    world.create("wiki");
    list("blog", "wiki");
    expect(names("blog")).toEqual(["blog"]);
    const next = world.create("blog-new", { labels: { "wakegate.enable": "true", "wakegate.name": "blog" } });
    await view.inspect(next, signal);
    expect(names("blog")).toEqual(["blog", "blog-new"]);
    list("blog-new");
    expect(names("blog")).toEqual(["blog-new"]);
    expect(names("wiki")).toEqual([]);
  });

  it("follow their labels and their end", async () => {
    const { world, view, names, list } = await scene();
    const id = world.create("blog");
    list("blog");
    expect(names("blog")).toEqual(["blog"]);
    world.change("blog", { labels: { "wakegate.name": "news" } }, "renamed");
    await view.inspect(id, signal);
    expect([names("blog"), names("news")]).toEqual([[], ["blog"]]);
    world.remove("blog");
    await view.inspect(id, signal);
    expect(names("news")).toEqual([]);
  });

  it("are read anew with other settings", async () => {
    const { world, readings, names, list, settings } = await scene();
    world.create("blog");
    list("blog");
    expect(names("blog")).toEqual(["blog"]);
    const layer = { docker: { container: "blog" } };
    readings.reset({ ...settings, fileTargets: [{ name: "journal", origin: "wakegate.yaml:1:1", layer }] });
    expect([names("blog"), names("journal")]).toEqual([[], ["blog"]]);
  });
});
