import { workloadId } from "../../config/values/kubernetes.ts";
import { ProviderError } from "../provider.ts";
import type { Catalog } from "./catalog.ts";
import type { Cluster } from "./cluster.ts";
import { list } from "./list.ts";
import type { LabelSelector, Pod } from "./raw.ts";
import { RESOURCES } from "./paths.ts";

/**
 * The workload whose pod Wakegate itself runs in; undefined outside of the cluster, and where it may not look. A pod's
 * host name is its own name unless its spec says another.
 */
export async function findSelf(
  cluster: Cluster,
  catalog: Catalog,
  signal: AbortSignal,
  hostname = process.env["HOSTNAME"],
): Promise<string | undefined> {
  const { namespace } = cluster.connection;
  if (namespace === undefined || !hostname) return undefined;
  const own = [...catalog.in(namespace)];
  if (own.length === 0) return undefined;
  try {
    const selection = { fieldSelector: `metadata.name=${hostname}` };
    const take = (pod: Pod): Pod => pod;
    const pods = await list(cluster.connection, RESOURCES.pod, namespace, take, signal, selection);
    const labels = pods.items[0]?.metadata.labels;
    const found = labels && own.find(({ selector }) => matches(selector, labels));
    return found && workloadId(found);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProviderError && error.code === "engine_forbidden") return undefined;
    throw error;
  }
}

/** Whether a pod with these labels is one of the selector's. Pure. */
export function matches(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(matchLabels);
  if (entries.length + matchExpressions.length === 0) return false;
  return (
    entries.every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
