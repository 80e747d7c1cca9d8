import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { readLabels } from "../../src/config/labels.ts";
import { toService, toWays, toWorkload } from "../../src/providers/kubernetes/objects.ts";
import { surroundingsOf } from "../../src/providers/kubernetes/catalog.ts";
import { summarize } from "../../src/providers/kubernetes/describe.ts";
import { RIGHTS } from "../../src/providers/kubernetes/rights.ts";
import { loadText, settingsOf } from "../config/support.ts";
import { never, Rig } from "../providers/kubernetes/rig.ts";
import { ingress } from "../support/kubernetes/manifests.ts";
import { KINDS } from "../support/kubernetes/kinds.ts";
import type { Rule } from "../support/kubernetes/rbac.ts";

const FOLDER = fileURLToPath(new URL("../../examples/kubernetes/", import.meta.url));

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly Rule[];
  readonly [field: string]: unknown;
}

function manifests(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(join(FOLDER, file), "utf8")).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

function only(file: string, kind: string): Manifest {
  const found = manifests(file).filter((manifest) => manifest.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Manifest;
}

/** Rules and calls alike as `group/resource verb`. */
function flat(rules: readonly Rule[]): string[] {
  return rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
      ),
    )
    .sort();
}

const rules = only("rbac.yaml", "ClusterRole").rules ?? [];

describe("the rights that examples/kubernetes grants", () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.open();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it("are exactly the calls that are made in the life of a Deployment and a StatefulSet", async () => {
    rig.simulator.addToken("granted", "system:serviceaccount:wakegate:wakegate", { "*": rules });
    const provider = await rig.provider({ token: "granted" });
    const sink = await rig.watch(provider);
    for (const kind of [KINDS.deployments, KINDS.statefulsets]) {
      const id = rig.app(kind.plural, { replicas: 1 }, kind);
      rig.simulator.create(KINDS.ingresses, ingress(kind.plural, `${kind.plural}.test`));
      await sink.until("created", (seen) => seen.causes(id).includes("created"));
      await provider.wake({ id }, never);
      await provider.inspect(id, never);
      await provider.logs(id, { lines: 5, bytes: 1_000 }, never);
      expect(await provider.usage(id, never)).toBeDefined();
      await provider.sleep(id, { method: "stop" }, never);
      await provider.wake({ id }, never);
    }
    expect(sink.outages).toEqual([]);
    expect((await provider.examine(never)).refused).toEqual([]);
    const asked = rig.simulator.seen
      .filter(({ group }) => group !== "authorization.k8s.io")
      .map(({ group, resource, verb }) => `${group}/${resource} ${verb}`);
    expect([...new Set(asked)].sort()).toEqual(flat(rules));
  });

  it("are those that the doctor asks for", () => {
    const asked = RIGHTS.map(({ group, resource, verb }) => `${group}/${resource} ${verb}`).sort();
    expect(asked).toEqual(flat(rules));
  });

  it("are given to the account that Wakegate runs by", () => {
    const { metadata } = only("rbac.yaml", "ServiceAccount");
    expect(only("rbac.yaml", "ClusterRoleBinding")).toMatchObject({
      roleRef: { kind: "ClusterRole", name: only("rbac.yaml", "ClusterRole").metadata.name },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    });
    expect(only("wakegate.yaml", "Deployment")).toMatchObject({
      metadata: { namespace: metadata.namespace },
      spec: { replicas: 1, template: { spec: { serviceAccountName: metadata.name } } },
    });
  });
});

describe("the manifests of examples/kubernetes", () => {
  it("are objects with a name each, and are all told of in the README", () => {
    const readme = readFileSync(join(FOLDER, "README.md"), "utf8");
    for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"))) {
      for (const { apiVersion, kind, metadata } of manifests(file)) {
        expect(apiVersion).toMatch(/^([a-z0-9.-]+\/)?v\d/);
        expect(kind).toMatch(/^[A-Z]/);
        expect(metadata.name).toMatch(/^[a-z0-9-]+$/);
      }
      expect(readme).toContain(`(${file})`);
    }
  });

  it("hold a configuration that Wakegate takes", async () => {
    const { data } = only("wakegate.yaml", "ConfigMap") as unknown as { data: Record<string, string> };
    const settings = settingsOf(await loadText(data["wakegate.yaml"] ?? ""));
    expect(settings.engines.at(-1)).toEqual({
      kind: "kubernetes",
      name: "cluster",
      servicesReachable: true,
    });
  });

  it.each(["traefik-ingress.yaml", "ingress-nginx.yaml"])(
    "make a target of the app, with the host and port of %s",
    async (route) => {
      const raw = only("app.yaml", "Deployment");
      const workload = toWorkload("deployment", raw);
      const service = toService(only("app.yaml", "Service"));
      const ways = toWays(only(route, "Ingress"));
      const surroundings = surroundingsOf(workload, [service], ways);
      const summary = summarize(workload, { surroundings, reachable: true });
      const settings = settingsOf(await loadText("providers: { kubernetes: { cluster: {} } }"));
      expect(readLabels(summary, "cluster", settings)).toMatchObject({
        kind: "target",
        name: "web-blog",
        problems: [],
        spec: { routes: [{ host: "blog.example.com", prefix: "/" }], port: 80, idleTimeoutMs: 1_800_000 },
      });
    },
  );

  it("lead the proxies to the Service's own address, and to Wakegate by its name and port", () => {
    const { metadata, spec } = only("wakegate.yaml", "Service") as unknown as {
      metadata: { name: string; namespace: string };
      spec: { ports: readonly { name: string; port: number }[] };
    };
    const [internal] = spec.ports.filter(({ name }) => name === "internal");
    const address = `http://${metadata.name}.${metadata.namespace}.svc.cluster.local:${String(internal?.port)}`;
    const nginx = only("ingress-nginx.yaml", "Ingress").metadata.annotations ?? {};
    expect(nginx["nginx.ingress.kubernetes.io/auth-url"]).toBe(`${address}/api/authz/auth-request`);
    expect(nginx["nginx.ingress.kubernetes.io/service-upstream"]).toBe("true");
    const [forwardAuth] = manifests("traefik-ingressroute.yaml").filter(
      ({ kind, metadata: { name } }) => kind === "Middleware" && name === "wakegate",
    );
    expect(forwardAuth?.["spec"]).toEqual({ forwardAuth: { address: `${address}/api/authz/forward-auth` } });
    const [route] = manifests("traefik-ingressroute.yaml").filter(({ kind }) => kind === "IngressRoute");
    expect(route?.["spec"]).toMatchObject({ routes: [{ services: [{ name: "blog", nativeLB: true }] }] });
    const annotated = only("traefik-ingress.yaml", "Service").metadata.annotations ?? {};
    expect(annotated["traefik.ingress.kubernetes.io/service.nativelb"]).toBe("true");
  });

  it("of the guide are as Wakegate takes them", async () => {
    const guide = readFileSync(new URL("../../docs/guide/kubernetes.md", import.meta.url), "utf8");
    const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      ([, text = ""]) => [text, parse(text) as Readonly<Record<string, unknown>>] as const,
    );
    expect(blocks.length).toBeGreaterThan(2);
    for (const [text, content] of blocks) if (content["providers"]) settingsOf(await loadText(text));
  });
});
