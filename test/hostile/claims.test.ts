import { describe, expect, it } from "vitest";
import { buildRouteTable } from "../../src/forward-auth/routes.ts";
import { labels, rig, type Rig } from "../watchers/world.ts";

const FILE = `
defaults: { readiness: { kind: none } }
targets:
  wiki:
    docker: { container: wiki }
    hosts: [wiki.example.com]
`;

const owner = ({ registry }: Rig, host: string): string | undefined =>
  buildRouteTable(registry.entries).hostRoutes(host)?.root?.name;

describe("a container's labels", () => {
  it("take no host from a target of the file", async () => {
    await using r = await rig({
      yaml: FILE,
      setUp: (world) => {
        world.create("wiki", { status: "running" });
        // Its name comes first in the alphabet.
        world.create("aaa", { labels: labels({ "wakegate.hosts": "wiki.example.com" }), status: "running" });
      },
    });
    await r.clock.advance(1_000);
    expect(owner(r, "wiki.example.com")).toBe("wiki");
  });

  it("take no name from a target of the file", async () => {
    await using r = await rig({
      yaml: FILE,
      setUp: (world) => {
        world.create("wiki", { status: "exited" });
        world.create("evil", {
          labels: labels({ "wakegate.name": "wiki", "wakegate.hosts": "wiki.example.com" }),
          status: "exited",
        });
      },
    });
    r.watcher("wiki").wake({ by: "request" });
    await r.clock.advance(1_000);
    expect(r.world.calls).toEqual(["start wiki"]);
    expect(r.log.of("label_invalid").join()).toContain(
      "the configuration file gives this name to another container",
    );
  });

  it("take no host from a target that had it before, also when that one is recreated", async () => {
    await using r = await rig({
      setUp: (world) =>
        world.create("wiki", { labels: labels({ "wakegate.hosts": "w.example.com" }), status: "running" }),
    });
    await r.clock.advance(60_000);
    r.world.create("aaa", { labels: labels({ "wakegate.hosts": "w.example.com" }), status: "running" });
    await r.clock.advance(1_000);
    expect(owner(r, "w.example.com")).toBe("wiki");
    r.world.remove("wiki");
    await r.clock.advance(1_000);
    r.world.create("wiki", { labels: labels({ "wakegate.hosts": "w.example.com" }), status: "running" });
    await r.clock.advance(1_000);
    expect(owner(r, "w.example.com")).toBe("wiki");
  });
});
