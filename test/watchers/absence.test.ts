import { describe, expect, it } from "vitest";
import type { Settings } from "../../src/config/model.ts";
import { Registry } from "../../src/watchers/registry/registry.ts";
import { loadText, settingsOf } from "../config/support.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";
import { compose, labels, rig } from "./world.ts";

const MINUTE = 60_000;

const FILE = `
targets:
  blog: { hosts: [blog.example.com], docker: { container: blog }, readiness: { kind: none } }
  shop: { hosts: [shop.example.com] }
`;

/** A registry before any engine was added. */
function registryOf(settings: Settings) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  return { clock, log, registry: new Registry({ settings, clock, store: new MemoryStore(), log }) };
}

describe("before an engine was listed", () => {
  it("nothing is reported as missing, on any kind of engine", async () => {
    const settings = settingsOf(
      await loadText(
        `${FILE}
  vm: { proxmox: { vmid: 103 } }
  api: { kubernetes: { workload: deployment/api } }
  cron: { swarm: { service: cron } }
providers:
  docker: { local: tcp://docker:2375 }
  swarm: { local2: tcp://docker:2375 }
  kubernetes: { kube: { kubeconfig: /nowhere } }
  proxmox: { pve: { url: "https://pve:8006", token_id: "a@pve!b", token_secret: x } }
`,
      ),
    );
    const { registry, log, clock } = registryOf(settings);
    await using _ = registry;
    await clock.advance(MINUTE);
    expect(log.lines).toEqual([]);
    expect(registry.settled).toBe(false);
  });

  it("the targets of the file are known, and say that their engine does not answer", async () => {
    await using r = await rig({ yaml: FILE, setUp: (world) => void (world.outage = "connection refused") });
    await r.clock.advance(MINUTE);
    const entries = new Map(r.registry.entries.map((entry) => [entry.name, entry]));
    expect(r.watcher("blog").state).toMatchObject({ kind: "missing", why: "away" });
    expect(r.watcher("blog").gate).toMatchObject({
      kind: "missing",
      why: "away",
      message: expect.stringContaining("connection refused") as string,
    });
    expect(entries.get("shop")).toMatchObject({
      routes: [{ host: "shop.example.com" }],
      unavailable: expect.stringContaining("has not been listed yet") as string,
    });
    expect(r.log.lines.map(({ event }) => event)).toEqual(["engine_away"]);
  });

  it("a request for such a target waits, and is answered by the engine that comes up", async () => {
    const { registry, clock } = registryOf(settingsOf(await loadText(FILE)));
    await using _ = registry;
    const world = new FakeWorld(clock);
    world.create("blog", { status: "exited" });
    const listing = world.watch.bind(world);
    let list: () => void = () => undefined;
    world.watch = async (sink, signal) => {
      await new Promise<void>((resolve) => (list = resolve));
      await listing(sink, signal);
    };
    registry.addEngine(world);
    await settle();
    expect(registry.watcher("blog")?.gate).toEqual({ kind: "coming", state: "starting" });
    list();
    await settle();
    expect(registry.watcher("blog")?.state.kind).toBe("napping");
  });

  it("what another engine does not have is reported all the same", async () => {
    const settings = settingsOf(
      await loadText(`
providers: { docker: { one: tcp://one:2375, two: tcp://two:2375 } }
targets:
  near: { docker: { container: near, engine: one } }
  far: { docker: { container: far, engine: two } }
`),
    );
    const { registry, clock, log } = registryOf(settings);
    await using _ = registry;
    const two = new FakeWorld(clock, "two");
    two.outage = "down";
    registry.addEngine(new FakeWorld(clock, "one"));
    registry.addEngine(two);
    await clock.advance(MINUTE);
    expect(log.of("label_warning")).toEqual([
      expect.stringContaining("there is no container near on one now") as string,
    ]);
  });
});

describe("a container that is missing", () => {
  it("is not reported while a project's containers are still being created", async () => {
    await using r = await rig();
    const needs = { ...labels({ "wakegate.depends_on": "db" }), ...compose("app") };
    r.world.create("shop-app-1", { labels: needs });
    await r.clock.advance(5_000);
    r.world.create("shop-db-1", { labels: compose("db") });
    await r.clock.advance(MINUTE);
    expect(r.log.of("label_invalid")).toEqual([]);
  });

  it("is reported once when nobody creates it", async () => {
    await using r = await rig();
    r.world.create("app", { labels: labels({ "wakegate.depends_on": "db" }) });
    await r.clock.advance(9_000);
    expect(r.log.of("label_invalid")).toEqual([]);
    await r.clock.advance(2_000);
    expect(r.log.of("label_invalid")).toHaveLength(1);
    r.world.create("other");
    await r.clock.advance(MINUTE);
    expect(r.log.of("label_invalid")).toHaveLength(1);
  });

  it("is not reported while an update replaces the container that the file names", async () => {
    const yaml = "targets: { blog: { docker: { container: blog } } }\n";
    await using r = await rig({ yaml, setUp: (world) => world.create("blog", { status: "running" }) });
    for (let update = 0; update < 3; update++) {
      r.world.remove("blog");
      await r.clock.advance(6_000);
      r.world.create("blog", { status: "running" });
      await r.clock.advance(6_000);
    }
    expect(r.log.of("label_warning")).toEqual([]);
    r.world.remove("blog");
    await r.clock.advance(MINUTE);
    expect(r.log.of("label_warning")).toHaveLength(1);
  });
});

describe("a container that Compose recreates", () => {
  const TEMPORARY = "0123456789ab_shop-web-1";
  const web = { ...labels({ "wakegate.hosts": "shop.example.com" }), ...compose("web") };
  const FILE_TARGET = "targets: { web: { docker: { container: shop-web-1 }, readiness: { kind: none } } }\n";

  it.each([
    { by: "labels", yaml: "", name: "shop-web-1" },
    { by: "the file", yaml: FILE_TARGET, name: "web" },
  ])(
    "stays the same target of $by, and nothing is reported however long it takes",
    async ({ yaml, name }) => {
      const setUp = (world: FakeWorld): string =>
        world.create("shop-web-1", { labels: web, status: "running" });
      await using r = await rig({ yaml, setUp });
      const before = r.watcher(name);
      r.world.create(TEMPORARY, { labels: web });
      await r.clock.advance(MINUTE);
      const stopped = r.world.stoppedByHand("shop-web-1", 0);
      await r.clock.advance(1);
      await stopped;
      r.world.remove("shop-web-1");
      r.world.change(TEMPORARY, { name: "shop-web-1" }, "renamed");
      await settle();
      r.world.runs("shop-web-1");
      await r.clock.advance(1_000);
      expect(r.registry.watcher(name)).toBe(before);
      expect(before.spec.source).toMatchObject({ container: "shop-web-1" });
      expect(before.state.kind).toBe("ready");
      expect(r.registry.plan.problems).toEqual([]);
      expect(r.log.lines.filter(({ level }) => level !== "info" && level !== "debug")).toEqual([]);
    },
  );

  it("has the name that docker rename gives it", async () => {
    await using r = await rig({
      setUp: (world) => world.create("blog", { labels: labels(), status: "exited" }),
    });
    r.world.change("blog", { name: "journal" }, "renamed");
    await settle();
    expect(r.watcher("journal").spec.source).toMatchObject({ container: "journal" });
    expect(r.state("blog")).toBe("missing");
  });
});
