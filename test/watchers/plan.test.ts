import { describe, expect, it } from "vitest";
import { readLabels } from "../../src/config/labels.ts";
import type { Settings } from "../../src/config/model.ts";
import type { InstanceSummary } from "../../src/providers/provider.ts";
import { implicitTarget } from "../../src/watchers/registry/implicit.ts";
import { makePlan, type Plan, type PlanEngine } from "../../src/watchers/registry/plan.ts";
import { container, line, loadText, settingsOf } from "../config/support.ts";

const ENABLE = { "wakegate.enable": "true" };

function planOf(settings: Settings, engines: readonly PlanEngine[]): Plan {
  return makePlan({
    engines,
    fileTargets: settings.targets,
    fileNames: settings.fileTargets,
    reserved: [settings.listen, settings.publicListen],
    read: (instance, engine) => readLabels(instance, engine, settings),
    implicit: (instance, engine) => implicitTarget(instance, engine, settings),
  });
}

async function look(instances: readonly InstanceSummary[], yaml = "", selfId?: string): Promise<Plan> {
  const engine = { engine: "local", instances, listed: true, ...(selfId !== undefined && { selfId }) };
  return planOf(settingsOf(await loadText(yaml)), [engine]);
}

function compose(service: string, dependsOn = ""): Readonly<Record<string, string>> {
  return {
    "com.docker.compose.project": "p",
    "com.docker.compose.service": service,
    ...(dependsOn ? { "com.docker.compose.depends_on": dependsOn } : {}),
  };
}

describe("makePlan()", () => {
  it("puts labels and file together", async () => {
    const yaml = "targets:\n  app: { process: { command: [x] } }\n  blog: { docker: { container: gone } }\n";
    const found = await look([container("shop", ENABLE), container("other")], yaml);
    expect([...found.targets.keys()].toSorted()).toEqual(["app", "blog", "shop"]);
    expect(found.problems.map(line)).toEqual([
      "wakegate.yaml:3:3 targets.blog.docker.container: there is no container gone on local now: check the name, or create it",
    ]);
  });

  it("finds one route on two containers, and one name on two engines", async () => {
    const hosts = { ...ENABLE, "wakegate.hosts": "x.example.com" };
    const found = await look([container("a", hosts), container("b", hosts)]);
    expect(found.problems.map(line)).toEqual([
      expect.stringMatching(/^container b \(local\) wakegate.hosts: a has this host already/),
    ]);
    const settings = settingsOf(await loadText("providers: { docker: { one: tcp://one, two: tcp://two } }"));
    const both = planOf(settings, [
      { engine: "one", instances: [container("a", ENABLE)], listed: true },
      { engine: "two", instances: [container("a", ENABLE)], listed: true },
    ]);
    expect([...both.targets.keys()]).toEqual([]);
    expect(both.broken.get("a")?.message).toContain("a exists on two engines, one and two");
    // Its routes are kept, and published from what stands there.
    expect(both.broken.get("a")?.at?.engine).toBe("one");
    expect(both.problems.map(line)[0]).toContain("a exists on two engines");
  });

  it("knows Compose services, and names those that nobody has", async () => {
    const good = [
      container("p-web-1", { ...ENABLE, ...compose("web", "db:service_started:false") }),
      container("p-db-1", compose("db")),
    ];
    expect((await look(good)).problems).toEqual([]);
    const bad = await look([container("web", { ...ENABLE, "wakegate.depends_on": "nowhere" })]);
    expect(bad.problems.map(line)).toEqual([
      "container web (local) wakegate.depends_on: neither a target nor a Compose service of the same project has this name",
    ]);
  });

  it("finds cycles through services", async () => {
    const found = await look([
      container("p-a-1", { ...ENABLE, ...compose("a"), "wakegate.depends_on": "b" }),
      container("p-b-1", { ...ENABLE, ...compose("b"), "wakegate.depends_on": "p-a-1" }),
    ]);
    expect(found.problems.map(line).join()).toContain("p-a-1 -> p-b-1 -> p-a-1");
    expect([...found.targets.keys()]).toEqual([]);
    expect(found.broken.get("p-b-1")?.message).toContain("p-a-1 -> p-b-1 -> p-a-1");
  });

  it("takes the newest of one identity, never its own container", async () => {
    const old = container("0123456789ab_p-web-1", { ...ENABLE, ...compose("web") });
    const fresh = { ...container("p-web-1", { ...ENABLE, ...compose("web") }), createdAt: 2 };
    const found = await look([old, fresh]);
    expect([...found.targets.values()].map(({ spec }) => spec.source)).toEqual([
      { kind: "docker", engine: "local", container: "p-web-1" },
    ]);
    // Compose gives one of the two this name while it replaces one by the other.
    expect(found.problems).toEqual([]);
    const self = container("wakegate", ENABLE);
    const own = await look([self], "", self.id);
    expect(own.targets.size).toBe(0);
    expect(own.problems.map(line).join()).toContain("is Wakegate itself and is never put to sleep");
  });

  it("reports a second container of a name, unless Compose is replacing one by the other", async () => {
    const named = { ...ENABLE, "wakegate.name": "web" };
    const old = container("p-web-1", { ...named, ...compose("web") });
    const fresh = { ...container("0123456789ab_p-web-1", { ...named, ...compose("web") }), createdAt: 2 };
    const file = "targets: { web: { docker: { container: p-web-1 } } }\n";
    for (const yaml of ["", file]) expect((await look([old, fresh], yaml)).problems).toEqual([]);
    const stranger = container("0123456789ab_web", { ...ENABLE, "wakegate.name": "web" });
    expect((await look([old, stranger])).problems.map(line)).toEqual([
      expect.stringContaining("is another container of the target web") as string,
    ]);
  });

  it("wakes the members of a group with the one that has hosts, and never in a circle", async () => {
    const member = { "sablier.enable": "true", "sablier.group": "shop" };
    const found = await look(
      [
        container("p-web-1", { ...member, ...compose("web"), "wakegate.hosts": "shop.example.com" }),
        container("p-db-1", { ...member, ...compose("db") }),
        container("p-worker-1", { ...member, ...compose("worker", "web") }),
        container("p-admin-1", { ...member, ...compose("admin"), "wakegate.hosts": "admin.example.com" }),
        container("p-lone-1", { ...member, ...compose("lone"), "sablier.group": "other" }),
      ],
      "foreign_labels: [sablier]\n",
    );
    const edges = (name: string): string[] => (found.targets.get(name)?.edges ?? []).map((edge) => edge.name);
    expect(edges("p-web-1")).toEqual(["p-db-1"]);
    expect(edges("p-admin-1")).toEqual(["p-db-1", "p-worker-1"]);
    expect(edges("p-worker-1")).toEqual(["p-web-1"]);
    expect(found.problems).toEqual([]);
  });
});
