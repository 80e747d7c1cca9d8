import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "vitest";
import type { KubernetesEngineSpec } from "../../src/config/model/engine.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { KubernetesProvider, type KubernetesTuning } from "../../src/providers/kubernetes/provider.ts";
import { KINDS } from "../support/kubernetes/kinds.ts";
import { service, workload } from "../support/kubernetes/manifests.ts";
import { Simulator } from "../support/kubernetes/simulator.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { openRealCluster } from "../support/kubernetes/real-cluster.ts";
import { providerContract } from "./provider-contract.ts";
import type { ContractWorld, Traits } from "./rig.ts";

const TRAITS: Partial<Traits> = {
  neverRan: "exited",
  exits: false,
  signals: false,
  pauses: false,
  // The kubelet starts a container anew whenever it ends.
  ends: false,
};

const QUICK: KubernetesTuning = {
  watch: { backoff: { firstMs: 10, maxMs: 50 }, departuresMs: 50, spacingMs: 20 },
};

async function simulated(kind: "deployments" | "statefulsets"): Promise<ContractWorld> {
  const simulator = await Simulator.start();
  const folder = await tempFolder("kubeconfig");
  const file = join(folder.path, "config");
  simulator.addToken("secret");
  await writeFile(file, simulator.kubeconfig("secret"));
  const spec: KubernetesEngineSpec = {
    kind: "kubernetes",
    name: "home",
    kubeconfig: { file },
    servicesReachable: true,
  };
  const open = (): KubernetesProvider => new KubernetesProvider(spec, { clock: systemClock }, QUICK);
  const provider = open();
  const nameOf = (id: string): string => id.split("/")[2] ?? "";
  return {
    provider,
    traits: TRAITS,
    async create(name, env) {
      simulator.create(KINDS[kind], workload(name, { env, replicas: 0 }));
      simulator.create(KINDS.services, service(name));
      return `default/${kind.slice(0, -1)}/${name}`;
    },
    async destroy(id) {
      if (simulator.store.get(KINDS[kind], "default", nameOf(id)))
        simulator.store.delete(KINDS[kind], "default", nameOf(id));
    },
    killOutside: async (id) => simulator.scale(nameOf(id), 0, "default", KINDS[kind]),
    reopen: async () => open(),
    async gap() {
      const name = `later-${String(simulator.store.revision)}`;
      simulator.create(KINDS.configmaps, { metadata: { name, namespace: "default" } });
      simulator.store.compact();
      simulator.cut();
    },
    outage: { begin: () => simulator.goAway(), end: () => simulator.comeBack() },
    async [Symbol.asyncDispose]() {
      await provider[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("the provider contract: kubernetes, Deployments of the simulator", () => {
  providerContract(() => simulated("deployments"));
});

describe("the provider contract: kubernetes, StatefulSets of the simulator", () => {
  providerContract(() => simulated("statefulsets"));
});

const kubeconfig = process.env["WAKEGATE_KUBECONFIG"];
if (kubeconfig === undefined)
  process.stderr.write(
    "A real cluster is left out of the contract: WAKEGATE_KUBECONFIG names no kubeconfig.\n",
  );

describe.skipIf(kubeconfig === undefined)("the provider contract: kubernetes, a real cluster", () => {
  providerContract(async () => {
    const namespace = process.env["WAKEGATE_KUBE_NAMESPACE"] ?? "default";
    const spec: KubernetesEngineSpec = {
      kind: "kubernetes",
      name: "home",
      kubeconfig: { file: kubeconfig ?? "" },
      namespaces: [namespace],
      servicesReachable: false,
    };
    const cluster = openRealCluster(spec, namespace);
    const open = (): KubernetesProvider => new KubernetesProvider(spec, { clock: systemClock });
    const provider = open();
    return {
      provider,
      // A metrics-server looks about once a minute, and need not be there.
      traits: { ...TRAITS, counts: false },
      create: (name, env) => cluster.create(name, env),
      destroy: (id) => cluster.destroy(id),
      killOutside: (id) => cluster.scaleDown(id),
      reopen: async () => open(),
      [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
    };
  });
});
