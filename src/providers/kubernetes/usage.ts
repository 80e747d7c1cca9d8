import { workloadId } from "../../config/values/kubernetes.ts";
import type { Usage } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { statusOf } from "./errors.ts";
import { list } from "./list.ts";
import { RESOURCES, selectorText } from "./paths.ts";

interface PodMetrics {
  readonly containers?: readonly { readonly usage?: { readonly cpu?: string; readonly memory?: string } }[];
}

/** How long a cluster without metrics is not asked again, in ms. */
const ABSENT_MS = 600_000;

/** CPU seconds of workloads, put together from the share of CPU that metrics-server tells at each call. */
export class Meter {
  readonly #cluster: Cluster;
  readonly #seen = new Map<string, { readonly at: number; readonly seconds: number }>();
  /** Monotonic ms until which there are none. */
  #absentUntil = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * An estimate, and its rate that of the last minute or so. Undefined for a workload without running pods, and where
   * the cluster has no metrics.k8s.io or does not let us read it, which is said once.
   */
  async read(ref: string, signal: AbortSignal): Promise<Usage | undefined> {
    const workload = await this.#cluster.mustFind(ref, signal);
    const { clock } = this.#cluster.connection;
    if (workload.wanted === 0 || clock.monotonic() < this.#absentUntil) return undefined;
    const id = workloadId(workload);
    const take = (pod: PodMetrics): PodMetrics => pod;
    const { connection } = this.#cluster;
    try {
      const selection = { labelSelector: selectorText(workload.selector) };
      const { namespace } = workload;
      const { items } = await list(connection, RESOURCES.podMetrics, namespace, take, signal, selection);
      const usages = items.flatMap(({ containers = [] }) => containers.flatMap(({ usage }) => usage ?? []));
      if (usages.length === 0) return undefined;
      const cores = usages.reduce((sum, { cpu }) => sum + quantity(cpu), 0);
      const memoryBytes = usages.reduce((sum, { memory }) => sum + quantity(memory), 0);
      return { cpuSeconds: this.#count(id, cores), memoryBytes: Math.round(memoryBytes) };
    } catch (error) {
      const status = statusOf(error);
      if (status !== 404 && status !== 403 && status !== 503) throw error;
      this.#absentUntil = clock.monotonic() + ABSENT_MS;
      this.#cluster.sayOnce(
        "CPU and memory are not read: there is no metrics-server, or it may not be asked",
        error,
      );
      return undefined;
    }
  }

  #count(id: string, cores: number): number {
    const now = this.#cluster.connection.clock.monotonic();
    const before = this.#seen.get(id) ?? { at: now - 1_000, seconds: 0 };
    const seconds = before.seconds + (cores * (now - before.at)) / 1_000;
    this.#seen.set(id, { at: now, seconds });
    return seconds;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity of the API, `250m` or `64Mi`, as a number; 0 where it is none. */
export function quantity(text = ""): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  return Number(digits) * (UNITS[unit] ?? 0);
}
