import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { Cluster } from "../../../src/providers/kubernetes/cluster.ts";
import { Connection } from "../../../src/providers/kubernetes/connection.ts";
import { Departures } from "../../../src/providers/kubernetes/departures.ts";
import { LiveView } from "../../../src/providers/kubernetes/live-view.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import type { KubeObject } from "../../support/kubernetes/kinds.ts";
import { ingress, service, workload } from "../../support/kubernetes/manifests.ts";

const SPEC = { kind: "kubernetes", name: "home", servicesReachable: true } as const;

/** A namespace of so many apps with a Service and an Ingress each, and a count of the labels that were read. */
function scene(apps: number) {
  const cluster = new Cluster(new Connection(SPEC, { clock: systemClock }), SPEC);
  const sink = new RecordingSink();
  const view = new LiveView(cluster, new Departures(cluster, 1_000, () => undefined), sink);
  let reads = 0;
  const counted = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    new Proxy(labels, {
      get(target, key) {
        reads++;
        return Reflect.get(target, key) as unknown;
      },
      ownKeys(target) {
        reads++;
        return Reflect.ownKeys(target);
      },
    });
  const names = Array.from({ length: apps }, (_, index) => `app${String(index)}`);
  // All of one chart have a label in common, as the recommended labels of Kubernetes are.
  const common = { "app.kubernetes.io/part-of": "shop" };
  const deployments = names.map((name): KubeObject => {
    const object = workload(name, { replicas: 0 });
    const spec = object["spec"] as { template: { metadata: object } };
    const labels = counted({ app: name, ...common });
    return { ...object, spec: { ...spec, template: { ...spec.template, metadata: { labels } } } };
  });
  const services = names.map((name): KubeObject => {
    const object = service(name, { clusterIP: `10.43.0.${name.slice(3)}` });
    const selector = { ...common, app: name };
    return { ...object, spec: { ...(object["spec"] as object), selector } };
  });
  const ingresses = names.map((name) => ingress(name, `${name}.test`));
  for (const object of deployments) view.workload("deployment", { type: "ADDED", object });
  view.snapshot(undefined);
  return {
    sink,
    add: (): void => {
      for (const object of services) view.service({ type: "ADDED", object });
      for (const object of ingresses) view.ingress({ type: "ADDED", object });
    },
    remove: (): void => {
      for (const object of ingresses) view.ingress({ type: "DELETED", object });
      for (const object of services) view.service({ type: "DELETED", object });
      for (const object of deployments) view.workload("deployment", { type: "DELETED", object });
    },
    takeReads: (): number => {
      const before = reads;
      reads = 0;
      return before;
    },
  };
}

describe("changes of Services and Ingresses", () => {
  it("tell of each workload that they lead to, and of no other", () => {
    const { sink, add, remove } = scene(3);
    add();
    expect(sink.causes("default/deployment/app1")).toEqual(["renamed", "renamed"]);
    remove();
    expect(sink.causes("default/deployment/app1")).toEqual([
      "renamed",
      "renamed",
      "renamed",
      "renamed",
      "destroyed",
    ]);
  });

  it("cost in proportion to the apps of their namespace, when all of them are created and deleted", () => {
    const cost = (apps: number): readonly number[] => {
      const { add, remove, takeReads } = scene(apps);
      takeReads();
      add();
      const added = takeReads();
      remove();
      return [added, takeReads()];
    };
    const [addedFew = 0, removedFew = 0] = cost(20);
    const [addedMany = 0, removedMany = 0] = cost(200);
    // Ten times as many; a hundred times where each change looked at every workload, a thousand where at every Service.
    expect(addedMany).toBeLessThanOrEqual(addedFew * 12);
    expect(removedMany).toBeLessThanOrEqual(removedFew * 12);
  });
});
