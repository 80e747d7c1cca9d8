import { describe, expect, it } from "vitest";
import type { FakeWorld } from "../support/fake-world.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const MINUTE = 60_000;

const PREVIEWS = `
defaults: { readiness: { kind: none } }
discover:
  - match: { project: "pr-*", service: web }
    hosts: ["{project}.example.com"]
    scope: project
    gone: "{host} was merged."
`;

/** web needs db; worker needs web; mail needs nobody and nobody needs it. None has a label for Wakegate. */
function preview(world: FakeWorld, project: string): void {
  const part = (service: string, needs = ""): void => {
    world.create(`${project}-${service}-1`, { labels: compose(service, needs, project), status: "exited" });
  };
  part("web", "db:service_started:false");
  part("db");
  part("worker", "web:service_started:false");
  part("mail");
}

const running = (world: FakeWorld, project: string): readonly string[] =>
  ["web", "db", "worker", "mail"].filter(
    (service) => world.get(`${project}-${service}-1`).status === "running",
  );

describe("a rule with scope project", () => {
  it("wakes every part in its order", async () => {
    await using r = await rig({ yaml: PREVIEWS, setUp: (world) => preview(world, "pr-7") });
    r.watcher("pr-7").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    expect(running(r.world, "pr-7")).toEqual(["web", "db", "worker", "mail"]);
    const starts = r.world.calls.filter((call) => call.startsWith("start "));
    const at = (service: string): number => starts.indexOf(`start pr-7-${service}-1`);
    expect(at("db")).toBeLessThan(at("web"));
    expect(at("mail")).toBeLessThan(at("web"));
    expect(at("web")).toBeLessThan(at("worker"));
  });

  it("puts every part to sleep, those that depend on others first", async () => {
    await using r = await rig({ yaml: PREVIEWS, setUp: (world) => preview(world, "pr-7") });
    r.watcher("pr-7").wake(BY_REQUEST);
    await r.clock.advance(5 * MINUTE);
    expect(running(r.world, "pr-7")).toEqual([]);
    const stops = r.world.calls.filter((call) => call.startsWith("stop "));
    const at = (service: string): number => stops.indexOf(`stop pr-7-${service}-1`);
    expect(at("worker")).toBeLessThan(at("web"));
    expect(at("web")).toBeLessThan(at("db"));
  });

  it("wakes every part again where somebody came while it was going to sleep", async () => {
    await using r = await rig({
      yaml: PREVIEWS,
      setUp: (world) => {
        preview(world, "pr-7");
        world.behaviour.set("pr-7-web-1", { stopMs: 5_000 });
      },
    });
    r.watcher("pr-7").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    r.watcher("pr-7").sleep("force");
    await r.clock.advance(1_000);
    expect([r.state("pr-7"), running(r.world, "pr-7")]).toEqual(["stopping", ["web", "db", "mail"]]);
    r.watcher("pr-7").wake(BY_REQUEST);
    await r.clock.advance(10_000);
    expect(running(r.world, "pr-7")).toEqual(["web", "db", "worker", "mail"]);
  });

  it("stays awake while a part of it that depends on it is in use", async () => {
    await using r = await rig({ yaml: PREVIEWS, setUp: (world) => preview(world, "pr-7") });
    r.watcher("pr-7").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    const lease = r.watcher("pr-7-worker-1").lease("a job");
    await r.clock.advance(5 * MINUTE);
    expect(running(r.world, "pr-7")).toEqual(["web", "db", "worker", "mail"]);
    lease[Symbol.dispose]();
    await r.clock.advance(5 * MINUTE);
    expect(running(r.world, "pr-7")).toEqual([]);
  });

  it("is as good as a label", async () => {
    await using r = await rig({
      setUp: (world) => {
        const own = { ...labels({ "wakegate.scope": "project" }), ...compose("web") };
        world.create("shop-web-1", { labels: own, status: "exited" });
        world.create("shop-queue-1", { labels: compose("queue"), status: "exited" });
        const off = { ...compose("prod-db"), "wakegate.enable": "false" };
        world.create("shop-prod-db-1", { labels: off, status: "exited" });
      },
    });
    r.watcher("shop-web-1").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.world.calls.toSorted()).toEqual(["start shop-queue-1", "start shop-web-1"]);
  });
});

describe("discovered projects", () => {
  const hosts = (r: Awaited<ReturnType<typeof rig>>): Record<string, string> =>
    Object.fromEntries(
      r.registry.entries.flatMap(({ routes, handle, gone }) =>
        routes.map(({ host }) => [host, handle?.spec.name ?? `gone: ${String(gone?.text)}`]),
      ),
    );

  it("come and go by event, and hosts that nobody has are known to be gone", async () => {
    await using r = await rig({ yaml: PREVIEWS, setUp: (world) => preview(world, "pr-7") });
    const nobody = { "*.example.com": "gone: {host} was merged." };
    expect(hosts(r)).toEqual({ "pr-7.example.com": "pr-7", ...nobody });
    preview(r.world, "pr-8");
    await r.clock.advance(1_000);
    expect(hosts(r)).toEqual({ "pr-7.example.com": "pr-7", "pr-8.example.com": "pr-8", ...nobody });
    r.world.remove("pr-7-web-1");
    await r.clock.advance(5_000);
    expect(hosts(r)).toHaveProperty("pr-7.example.com");
    await r.clock.advance(MINUTE);
    expect(hosts(r)).toEqual({ "pr-8.example.com": "pr-8", ...nobody });
  });

  it("are gone after half a minute each, whoever went before", async () => {
    await using r = await rig({
      yaml: PREVIEWS,
      setUp: (world) => {
        preview(world, "pr-7");
        preview(world, "pr-8");
      },
    });
    const names = (): readonly string[] => [...r.registry.watchers].map(({ name }) => name);
    r.world.remove("pr-7-web-1");
    await r.clock.advance(20_000);
    r.world.remove("pr-8-web-1");
    await r.clock.advance(11_000);
    expect(names()).not.toContain("pr-7");
    expect(names()).toContain("pr-8");
    await r.clock.advance(20_000);
    expect(names()).not.toContain("pr-8");
  });

  it("survive being created anew", async () => {
    await using r = await rig({ yaml: PREVIEWS, setUp: (world) => preview(world, "pr-7") });
    const before = r.watcher("pr-7");
    r.world.remove("pr-7-web-1");
    await r.clock.advance(5_000);
    r.world.create("pr-7-web-1", { labels: compose("web", "", "pr-7"), status: "exited" });
    await r.clock.advance(2 * MINUTE);
    expect(r.watcher("pr-7")).toBe(before);
    expect(r.state("pr-7")).toBe("napping");
  });

  it("say which service is meant where a rule takes several", async () => {
    const yaml = PREVIEWS.replace(", service: web", "");
    await using r = await rig({ yaml, setUp: (world) => preview(world, "pr-7") });
    await r.clock.advance(MINUTE);
    expect(r.log.lines.map(({ message }) => message).join("\n")).toContain("match.service");
  });
});
