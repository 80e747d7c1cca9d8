import { describe, expect, it } from "vitest";
import { readLabels } from "../../src/config/labels.ts";
import type { InstanceSummary } from "../../src/providers/provider.ts";
import { loadText, settingsOf, told } from "./support.ts";

const CLUSTER = "providers: { kubernetes: { home: {} } }";

function deployment(annotations: Readonly<Record<string, string>>, name = "blog"): InstanceSummary {
  return {
    id: `web/deployment/${name}`,
    name: `web/${name}`,
    createdAt: 1,
    image: "app",
    labels: {
      "com.docker.compose.project": "web",
      "com.docker.compose.service": name,
      ...annotations,
    },
    status: "exited",
    networks: [],
  };
}

describe("providers.kubernetes", () => {
  it("is the cluster that Wakegate runs in, or one of a kubeconfig", async () => {
    const { engines } = settingsOf(
      await loadText(
        "providers: { docker: {}, kubernetes: { home: {}, far: { kubeconfig: far.yaml, context: prod, namespaces: [web, web] } } }",
      ),
    );
    expect(engines).toEqual([
      { kind: "kubernetes", name: "home", servicesReachable: true },
      {
        kind: "kubernetes",
        name: "far",
        kubeconfig: { file: expect.stringMatching(/^\/.*\/far\.yaml$/), context: "prod" },
        namespaces: ["web"],
        servicesReachable: false,
      },
    ]);
  });

  it("tells all that is wrong with it at once", async () => {
    const problems = told(
      await loadText(
        'providers: { docker: { home: "unix:///s" }, kubernetes: { home: { context: x }, process: {}, a: { namespaces: [Web] }, b: { url: x } } }',
      ),
    ).join("\n");
    expect(problems).toMatch(/expected a namespace: lower-case letters/);
    expect(problems).toMatch(/unknown key|url/);
    const others = told(
      await loadText(
        'providers: { docker: { home: "unix:///s" }, kubernetes: { home: { context: x }, process: {} } }',
      ),
    ).join("\n");
    expect(others).toContain("another engine is called home already: give the cluster another name");
    expect(others).toContain("a context is one of a kubeconfig: add kubeconfig, or remove it");
    expect(others).toContain("this name belongs to local programs");
  });
});

describe("targets.NAME.kubernetes", () => {
  it("names a workload of the only cluster", async () => {
    const { targets } = settingsOf(
      await loadText(
        `${CLUSTER}\ntargets: { db: { kubernetes: { workload: sts/db, namespace: web }, tcp: ["5432:5432"] } }`,
      ),
    );
    expect(targets[0]?.source).toEqual({
      kind: "kubernetes",
      engine: "home",
      namespace: "web",
      workload: "statefulset/db",
    });
  });

  it("is refused with what a workload cannot do, and where there is no cluster", async () => {
    const paused = `${CLUSTER}\ntargets: { a: { kubernetes: { workload: deployment/a }, stop_method: pause, pause_after: 5m, stop_signal: SIGINT } }`;
    expect(told(await loadText(paused)).join("\n")).toMatch(
      /a workload of Kubernetes cannot be paused[\s\S]*takes no signals/,
    );
    const nowhere = "targets: { a: { kubernetes: { workload: deployment/a } } }";
    expect(told(await loadText(nowhere)).join()).toContain("no Kubernetes cluster is configured");
    const twice = `${CLUSTER}\ntargets: { a: { kubernetes: { workload: deployment/a } }, b: { kubernetes: { workload: deploy/a } } }`;
    expect(told(await loadText(twice)).join()).toContain("a has this workload already");
  });

  it("is laid over the annotations of that workload", async () => {
    const settings = settingsOf(
      await loadText(
        `${CLUSTER}\ntargets: { shop: { kubernetes: { workload: deployment/blog, namespace: web }, idle_timeout: 1h } }`,
      ),
    );
    expect(readLabels(deployment({ "wakegate.hosts": "blog.test" }), "home", settings)).toMatchObject({
      kind: "target",
      name: "shop",
      spec: { idleTimeoutMs: 3_600_000, routes: [{ host: "blog.test" }] },
    });
    const other = deployment({ "wakegate.enable": "true", "wakegate.name": "shop" }, "other");
    expect(readLabels(other, "home", settings)).toMatchObject({
      kind: "invalid",
      problems: [{ message: expect.stringContaining("to the workload web/deployment/blog") }],
    });
  });
});

describe("annotations", () => {
  it("that ask for what a workload cannot do are refused", async () => {
    const settings = settingsOf(await loadText(CLUSTER));
    for (const [key, value] of [
      ["wakegate.stop_method", "pause"],
      ["wakegate.stop_signal", "SIGINT"],
    ] as const) {
      const reading = readLabels(deployment({ "wakegate.enable": "true", [key]: value }), "home", settings);
      expect(reading).toMatchObject({
        kind: "invalid",
        problems: [
          { where: "workload web/blog (home)", key, message: expect.stringContaining("Kubernetes") },
        ],
      });
    }
    const foreign = deployment({ "wakegate.enable": "true", "wakegate.kubernetes.workload": "deployment/x" });
    expect(readLabels(foreign, "home", settings).problems[0]?.message).toContain("belongs to the file");
  });
});
