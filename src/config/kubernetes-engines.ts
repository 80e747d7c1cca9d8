import type { IssuePlaces } from "./file/issues.ts";
import type { Problem } from "./model.ts";
import type { KubernetesEngineSpec } from "./model/engine.ts";
import type { KubernetesEngineLayer } from "./schema/kubernetes.ts";

/** Makes engines out of `providers.kubernetes`. `taken` are names of other engines. */
export function resolveKubernetes(
  configured: Readonly<Record<string, KubernetesEngineLayer>>,
  places: IssuePlaces,
  taken: ReadonlySet<string>,
): { readonly engines: readonly KubernetesEngineSpec[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const engines = Object.entries(configured).map(([name, given]): KubernetesEngineSpec => {
    const path = ["providers", "kubernetes", name];
    const report = (where: string, key: string, message: string): void => {
      problems.push({ severity: "error", where, key, message });
    };
    const own = path.join(".");
    if (name === "process")
      report(places.whereKey(path), own, "this name belongs to local programs: give the cluster another");
    if (taken.has(name))
      report(
        places.whereKey(path),
        own,
        `another engine is called ${name} already: give the cluster another name`,
      );
    const { kubeconfig: file, context, namespaces, services_reachable: reachable, inside } = given;
    if (context !== undefined && file === undefined)
      report(
        places.where([...path, "context"]),
        `${own}.context`,
        "a context is one of a kubeconfig: add kubeconfig, or remove it",
      );
    return {
      kind: "kubernetes",
      name,
      ...(file !== undefined && { kubeconfig: { file, ...(context !== undefined && { context }) } }),
      ...(namespaces && { namespaces: [...new Set(namespaces)] }),
      servicesReachable: reachable ?? file === undefined,
      ...(inside !== undefined && { inside }),
    };
  });
  return { engines, problems };
}
