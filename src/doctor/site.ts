import { labelsOf } from "./labels-of.ts";
import type { Probed, Scene } from "./scene.ts";

/** One host and its target, as fixes name them. */
export interface Site {
  readonly target: string;
  readonly host: string;
  /** Where the target's labels are written. */
  readonly labels: string;
  /** The target is in a cluster, and so is its proxy: both are configured by manifests. */
  readonly inCluster: boolean;
}

export function siteOf({ targets }: Pick<Scene, "targets">, { target, host }: Probed): Site {
  const spec = targets.find((each) => each.spec.name === target)?.spec;
  return {
    target,
    host,
    labels: spec ? labelsOf(spec) : `compose.yaml, labels of ${target}`,
    inCluster: spec?.source.kind === "kubernetes",
  };
}
