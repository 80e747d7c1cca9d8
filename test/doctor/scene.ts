import { planOfListings } from "../../src/watchers/registry/plan-of-listings.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { reportOn } from "../../src/doctor/report.ts";
import type { Probed, ProxyScene, Scene } from "../../src/doctor/scene.ts";
import type { Instance } from "../../src/providers/provider.ts";
import { container, loadText, settingsOf } from "../config/support.ts";

/** A container of a made-up engine, awake unless said otherwise. */
export function box(name: string, more: Partial<Instance> = {}): Instance {
  return {
    ...container(name, more.labels),
    status: "running",
    runId: "1",
    health: "none",
    exposedPorts: [80],
    publishedPorts: [],
    stopTimeoutMs: 10_000,
    stopSignal: "SIGTERM",
    restartPolicy: "unless-stopped",
    networks: [{ name: "web", address: "172.18.0.9" }],
    ...more,
  };
}

/** Labels of a target with a host. */
export function enabled(host: string, more: Readonly<Record<string, string>> = {}) {
  return { "wakegate.enable": "true", "wakegate.hosts": host, ...more };
}

export interface SceneOptions extends Partial<Omit<Scene, "settings">> {
  readonly boxes?: readonly Instance[];
  readonly self?: Instance;
  readonly yaml?: string;
  /** They are workloads of a cluster, with ids such as `web/deployment/blog`. */
  readonly inCluster?: true;
}

/** A scene in which these containers run beside a healthy service. */
export async function sceneOf(options: SceneOptions): Promise<Scene> {
  const { boxes = [], self, inCluster, yaml = "", ...more } = options;
  const cluster = "providers: { docker: {}, kubernetes: { local: {} } }\n";
  const settings = settingsOf(await loadText(inCluster ? cluster + yaml : yaml));
  const kind = inCluster ? "kubernetes" : "docker";
  const instances = self ? [...boxes, self] : boxes;
  const snapshot = { instances, ...(self && { selfId: self.id }) };
  const plan = planOfListings(settings, [{ engine: "local", snapshot }]);
  return {
    mode: "service",
    settings,
    at: Date.UTC(2026, 10, 22),
    uptimeMs: 3_600_000,
    problems: plan.problems,
    engines: [{ name: "local", kind, instances, exam: { refused: [] }, ...(self && { self }) }],
    targets: [...plan.targets.values()].map(({ spec, engine, instance }) => ({
      spec,
      engine,
      ...(instance !== undefined && { instance: boxes.find(({ id }) => id === instance) ?? box("?") }),
      tried: [],
    })),
    proxy: { kind: "not-asked", why: "no proxy in this test" },
    state: { dir: "/state" },
    timeZone: "Europe/Berlin",
    ...more,
  };
}

/** What one check says of it. */
export async function findings(id: string, options: SceneOptions): Promise<readonly Finding[]> {
  return reportOn(await sceneOf(options)).findings.filter((finding) => finding.id === id);
}

/** A proxy that was asked for these hosts. */
export function probing(...probes: readonly Probed[]): ProxyScene {
  return {
    kind: "asked",
    entry: "http://172.18.0.2:80",
    missed: [],
    probes,
    askers: [],
    fromLoopback: false,
  };
}

/** One host that answered with this status, and for which Wakegate was not asked. */
export function unasked(target: string, status: number, more: Partial<Probed> = {}): Probed {
  return {
    target,
    host: `${target}.example.com`,
    path: "/",
    reply: { kind: "answered", status },
    arrivals: [],
    own: { reply: { kind: "answered", status: 404 }, arrivals: [] },
    ...more,
  };
}

/** One host for which the proxy asked as it should. */
export function asked(target: string, more: Partial<Probed> = {}): Probed {
  return unasked(target, 403, {
    arrivals: [
      {
        door: "authz",
        probe: target,
        peer: "172.18.0.2",
        at: { dialect: "forward-auth", role: "verdict" },
        trusted: true,
        facts: { host: `${target}.example.com`, method: "GET", path: "/", proto: "https", client: "::1" },
        wrong: [],
      },
    ],
    own: {
      reply: { kind: "answered", status: 403 },
      arrivals: [{ door: "public", probe: "", peer: "172.18.0.2", path: "/.wakegate/events" }],
    },
    ...more,
  });
}
