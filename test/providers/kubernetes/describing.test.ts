import { describe as suite, expect, it } from "vitest";
import { parseWorkload, workloadOf, workloadsNamed } from "../../../src/config/values/kubernetes.ts";
import { surroundingsOf } from "../../../src/providers/kubernetes/catalog.ts";
import { describe, summarize } from "../../../src/providers/kubernetes/describe.ts";
import {
  toService,
  toWays,
  toWorkload,
  type Service,
  type Workload,
} from "../../../src/providers/kubernetes/objects.ts";
import { selectorText } from "../../../src/providers/kubernetes/paths.ts";
import type { EndpointSlice, Pod } from "../../../src/providers/kubernetes/raw.ts";
import { replicasOf } from "../../../src/providers/kubernetes/scale.ts";
import { matches } from "../../../src/providers/kubernetes/self.ts";
import { quantity } from "../../../src/providers/kubernetes/usage.ts";
import { readLabels } from "../../../src/config/labels.ts";
import { loadText, settingsOf } from "../../config/support.ts";

function blog(
  more: { annotations?: Record<string, string>; labels?: Record<string, string> } = {},
): Workload {
  return toWorkload("deployment", {
    metadata: {
      name: "blog",
      namespace: "web",
      uid: "u",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...more,
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "blog" } },
      template: {
        metadata: { labels: { app: "blog", tier: "front" } },
        spec: { containers: [{ name: "app", image: "ghost:5" }], terminationGracePeriodSeconds: 5 },
      },
    },
    status: { replicas: 2, readyReplicas: 1 },
  });
}

function serviceOf(name: string, spec: object = {}): Service {
  return toService({
    metadata: { name, namespace: "web" },
    spec: {
      clusterIP: "10.43.0.9",
      selector: { app: "blog" },
      ports: [
        { name: "http", port: 80, targetPort: 2368 },
        { name: "dns", port: 53, protocol: "UDP" },
      ],
      ...spec,
    },
  });
}

const ingress = (host: string, service: string, path?: string, port: object = { name: "http" }) =>
  toWays({
    metadata: { name: "i", namespace: "web" },
    spec: {
      rules: [
        {
          host,
          http: {
            paths: [{ ...(path !== undefined && { path }), backend: { service: { name: service, port } } }],
          },
        },
      ],
    },
  });

suite("a workload", () => {
  it("is called by namespace and name, and its namespace counts as a project", () => {
    const summary = summarize(blog(), { surroundings: { ways: [] }, reachable: true });
    expect(summary).toMatchObject({
      id: "web/deployment/blog",
      name: "web/blog",
      status: "running",
      image: "ghost:5",
      labels: { "com.docker.compose.project": "web", "com.docker.compose.service": "blog" },
    });
  });

  it("shows of its annotations only those that are meant for Wakegate", () => {
    const annotations = {
      "wakegate.enable": "true",
      "wakegate.io/replicas": "3",
      "kubectl.kubernetes.io/last-applied-configuration": '{"secret":"x"}',
    };
    const { labels } = summarize(blog({ annotations, labels: { team: "a" } }), {
      surroundings: { ways: [] },
      reachable: true,
    });
    expect(Object.keys(labels).sort()).toEqual([
      "com.docker.compose.project",
      "com.docker.compose.service",
      "team",
      "wakegate.enable",
    ]);
  });

  it("has the address of the Service that selects its pods, and the Service's ports", () => {
    const surroundings = surroundingsOf(blog(), [serviceOf("blog")], []);
    const slices = [{ ports: [{ port: 2368 }], endpoints: [{ addresses: ["10.42.0.7"], conditions: {} }] }];
    const instance = describe(blog(), { surroundings, reachable: true }, [], slices);
    expect(instance.networks).toEqual([{ name: "cluster", address: "10.43.0.9" }]);
    expect(instance.exposedPorts).toEqual([80]);
    expect(describe(blog(), { surroundings, reachable: false }, [], slices).networks).toEqual([]);
  });

  it("behind a headless Service has the address and port of a pod that is ready", () => {
    const surroundings = surroundingsOf(blog(), [serviceOf("blog", { clusterIP: "None" })], []);
    const slices: EndpointSlice[] = [
      {
        ports: [{ port: 2368, protocol: "TCP" }],
        endpoints: [
          { addresses: ["10.42.0.6"], conditions: { ready: false } },
          { addresses: ["10.42.0.7"], conditions: { ready: true } },
        ],
      },
    ];
    const view = { surroundings, reachable: true };
    expect(describe(blog(), view, [], slices)).toMatchObject({
      networks: [{ name: "cluster", address: "10.42.0.7" }],
      exposedPorts: [2368],
    });
    expect(describe(blog(), view, [], []).networks).toEqual([{ name: "cluster", address: "" }]);
  });

  it("is reached through a load balancer from outside", () => {
    const balanced = toService({
      metadata: { name: "blog", namespace: "web" },
      spec: { clusterIP: "10.43.0.9", selector: { app: "blog" }, ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: "192.0.2.9" }] } },
    });
    const surroundings = surroundingsOf(blog(), [balanced], []);
    const instance = describe(blog(), { surroundings, reachable: false }, [], []);
    expect(instance.publishedPorts).toEqual([{ port: 80, hostAddress: "192.0.2.9", hostPort: 80 }]);
  });

  it("runs only while a pod is ready, and tells how the last run ended until then", () => {
    const pod: Pod = {
      metadata: { name: "blog-1", uid: "p", creationTimestamp: "2026-01-02T00:00:00Z" },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "False" }],
        containerStatuses: [
          {
            name: "app",
            restartCount: 2,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: {
              terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: "2026-01-02T00:00:09Z" },
            },
          },
        ],
      },
    };
    const view = { surroundings: { ways: [] }, reachable: true };
    expect(describe(blog(), view, [pod], [])).toMatchObject({
      status: "restarting",
      health: "starting",
      runId: "u@p.2",
      exit: { code: 137, oomKilled: true, at: Date.parse("2026-01-02T00:00:09Z") },
      stopTimeoutMs: 5_000,
    });
    const evicted: Pod = { metadata: {}, status: { phase: "Failed" } };
    expect(describe({ ...blog(), wanted: 0 }, view, [evicted], [])).toMatchObject({
      status: "exited",
      health: "none",
      runId: "",
    });
  });
});

suite("the Service of a workload", () => {
  const plain = serviceOf("aaa");
  const led = serviceOf("web");
  const headless = serviceOf("a-headless", { clusterIP: "None" });
  const foreign = serviceOf("other", { selector: { app: "other" } });
  const unselected = serviceOf("by-hand", { selector: {} });

  it("is one that an Ingress leads to, else one with an address, else the first", () => {
    const ways = ingress("blog.test", "web");
    const all = [foreign, unselected, headless, plain, led];
    expect(surroundingsOf(blog(), all, ways)).toEqual({ service: led, ways });
    expect(surroundingsOf(blog(), all, []).service).toBe(plain);
    expect(surroundingsOf(blog(), [headless, foreign], []).service).toBe(headless);
    expect(surroundingsOf(blog(), [foreign, unselected], []).service).toBeUndefined();
  });

  it("is the one that its annotation names", () => {
    const named = blog({ annotations: { "wakegate.io/service": "aaa" } });
    expect(surroundingsOf(named, [plain, led], ingress("blog.test", "web")).service).toBe(plain);
  });
});

suite("an Ingress", () => {
  it("gives hosts and port, its paths as whole segments", async () => {
    const ways = [
      ...ingress("blog.test", "blog"),
      ...ingress("example.test", "blog", "/api(/|$)(.*)", { number: 80 }),
      ...ingress("example.test", "blog", "/shop/"),
      ...ingress("*.wild.test", "blog", "/"),
    ];
    expect(ways.map(({ host }) => host)).toEqual([
      "blog.test",
      "example.test",
      "example.test/shop",
      "*.wild.test",
    ]);
    const surroundings = surroundingsOf(blog(), [serviceOf("blog")], ways);
    const annotations = { "wakegate.enable": "true", "wakegate.idle_timeout": "30m" };
    const summary = summarize(blog({ annotations }), { surroundings, reachable: true });
    expect(summary.ingress).toEqual({
      hosts: ["*.wild.test", "blog.test", "example.test", "example.test/shop"],
      port: 80,
    });
    const settings = settingsOf(await loadText("providers: { kubernetes: { home: {} } }"));
    const reading = readLabels(summary, "home", settings);
    expect(reading).toMatchObject({
      kind: "target",
      name: "web-blog",
      spec: {
        displayName: "blog",
        port: 80,
        proxied: true,
        source: { kind: "kubernetes", engine: "home", namespace: "web", workload: "deployment/blog" },
      },
    });
    expect(reading.kind === "target" && reading.spec.routes.map(({ host }) => host)).toContain("*.wild.test");
  });

  it("is passed over where annotations say the hosts", async () => {
    const surroundings = surroundingsOf(blog(), [serviceOf("blog")], ingress("blog.test", "blog"));
    const annotations = { "wakegate.enable": "true", "wakegate.hosts": "own.test" };
    const settings = settingsOf(await loadText("providers: { kubernetes: { home: {} } }"));
    const summary = summarize(blog({ annotations }), { surroundings, reachable: true });
    const reading = readLabels(summary, "home", settings);
    expect(reading.kind === "target" && reading.spec.routes).toEqual([{ host: "own.test", prefix: "/" }]);
  });

  it("without a host, or to something that is no Service, gives nothing", () => {
    const rules = [
      { http: { paths: [{ backend: { service: { name: "blog" } } }] } },
      { host: "x.test", http: { paths: [{ backend: {} }] } },
      { host: "y.test" },
    ];
    expect(toWays({ metadata: {}, spec: { rules } })).toEqual([]);
  });
});

suite("small values", () => {
  it("workloads are named as by kubectl", () => {
    expect(parseWorkload("deploy/blog")).toEqual({ ok: true, value: "deployment/blog" });
    expect(parseWorkload("sts/db-0.x")).toEqual({ ok: true, value: "statefulset/db-0.x" });
    expect(parseWorkload("blog")).toMatchObject({
      ok: false,
      message: expect.stringContaining("deployment/blog"),
    });
    for (const wrong of ["daemonset/x", "deployment/X", "deployment/a/b", "deployment/"])
      expect(parseWorkload(wrong).ok).toBe(false);
  });

  it("ids that are none are none", () => {
    expect(workloadOf("web/deployment/blog")).toEqual({ namespace: "web", kind: "deployment", name: "blog" });
    for (const wrong of [
      "",
      "web/blog",
      "web/pod/blog",
      "../deployment/x",
      "web/deployment/x?y",
      "a/deployment/b/c",
    ])
      expect(workloadOf(wrong)).toBeUndefined();
    expect(workloadsNamed("web/blog").map(({ kind }) => kind)).toEqual(["deployment", "statefulset"]);
    expect(workloadsNamed("../x")).toEqual([]);
  });

  it("quantities are numbers", () => {
    expect(["12345678n", "250m", "2", "64Mi", "1.5", "?", undefined].map((text) => quantity(text))).toEqual([
      12345678 * 1e-9,
      0.25,
      2,
      67_108_864,
      1.5,
      0,
      0,
    ]);
  });

  it("selectors are asked for, and met, as the API means them", () => {
    const selector = {
      matchLabels: { app: "blog" },
      matchExpressions: [
        { key: "tier", operator: "In", values: ["front", "back"] },
        { key: "env", operator: "NotIn", values: ["test"] },
        { key: "app", operator: "Exists" },
        { key: "old", operator: "DoesNotExist" },
      ],
    };
    expect(selectorText(selector)).toBe("app=blog,tier in (front,back),env notin (test),app,!old");
    expect(matches(selector, { app: "blog", tier: "front" })).toBe(true);
    expect(matches(selector, { app: "blog", tier: "front", old: "" })).toBe(false);
    expect(matches({}, { app: "blog" })).toBe(false);
  });

  it("replicas are those that are written down, else those in mind, else one", () => {
    expect(replicasOf(blog({ annotations: { "wakegate.io/replicas": "4" } }), new Map())).toBe(4);
    expect(replicasOf(blog({ annotations: { "wakegate.io/replicas": "-1" } }), new Map())).toBe(1);
    expect(replicasOf(blog(), new Map([["web/deployment/blog", 3]]))).toBe(3);
    expect(replicasOf(blog(), new Map())).toBe(1);
  });
});
