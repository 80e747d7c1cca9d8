import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { EngineView } from "../../src/watchers/registry/engine-view.ts";
import { Named } from "../../src/watchers/registry/named.ts";
import { Readings } from "../../src/watchers/registry/readings.ts";
import type { LabelSource } from "../../src/providers/provider.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { loadText } from "../config/support.ts";

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

describe("what is read of an instance", () => {
  const workload = (more: Partial<LabelSource> = {}): LabelSource => ({
    id: "default/deployment/blog",
    name: "default/blog",
    image: "ghost:5",
    labels: { "wakegate.enable": "true" },
    networks: [{ name: "cluster" }],
    ...more,
  });
  const hostsOf = (reading: ReturnType<Readings["read"]>): readonly string[] =>
    reading.kind === "target" ? reading.spec.routes.map(({ host }) => host) : [];

  it("is kept while nothing of it changes, whatever address it has", async () => {
    const { readings } = await scene();
    const listed = { ...workload(), networks: [{ name: "cluster", address: "" }] };
    const started = { ...workload(), networks: [{ name: "cluster", address: "10.43.0.7" }] };
    expect(readings.read(started, "home")).toBe(readings.read(listed, "home"));
  });

  it("follows its Ingress, which is created, changed and deleted after the workload was first seen", async () => {
    const { readings } = await scene();
    expect(hostsOf(readings.read(workload(), "home"))).toEqual([]);
    const created = workload({ ingress: { hosts: ["blog.test"], port: 80 } });
    expect(hostsOf(readings.read(created, "home"))).toEqual(["blog.test"]);
    const changed = workload({ ingress: { hosts: ["news.test"], port: 80 } });
    expect(hostsOf(readings.read(changed, "home"))).toEqual(["news.test"]);
    expect(hostsOf(readings.read(workload(), "home"))).toEqual([]);
  });

  it("follows its name, image and networks, and what makes it unfit", async () => {
    const { readings } = await scene();
    const container = workload({ id: "c1", name: "blog" });
    expect(readings.read(container, "local").name).toBe("blog");
    expect(readings.read({ ...container, name: "journal" }, "local").name).toBe("journal");
    const loaded = await loadText('discover: [{ match: { image: "ghost:*" } }]');
    if (!("settings" in loaded)) throw new Error("the rule is wrong");
    readings.reset(loaded.settings);
    const plain = workload({ labels: {}, image: "nginx" });
    expect(readings.read(plain, "home").kind).toBe("ignored");
    expect(readings.read({ ...plain, image: "ghost:6" }, "home").kind).toBe("target");
    const labels = {
      "wakegate.enable": "true",
      "wakegate.network": "web",
      "com.docker.compose.project": "site",
    };
    const before = readings.read(workload({ labels, networks: [] }), "local");
    const after = readings.read(workload({ labels, networks: [{ name: "site_web" }] }), "local");
    expect([before, after]).toMatchObject([{ spec: { network: "web" } }, { spec: { network: "site_web" } }]);
  });

  it("is of one engine: two clusters have a workload of the same id each", async () => {
    const { readings } = await scene();
    const here = readings.read(workload({ ingress: { hosts: ["here.test"] } }), "here");
    const there = readings.read(workload({ ingress: { hosts: ["there.test"] } }), "there");
    expect([hostsOf(here), hostsOf(there)]).toEqual([["here.test"], ["there.test"]]);
    expect(here).toMatchObject({ spec: { source: { engine: "here" } } });
    expect(there).toMatchObject({ spec: { source: { engine: "there" } } });
    expect(readings.known("here", "default/deployment/blog")).toBe(here);
    readings.prune((engine) => engine === "there");
    expect(readings.known("here", "default/deployment/blog")).toBeUndefined();
    expect(readings.known("there", "default/deployment/blog")).toBe(there);
  });
});
