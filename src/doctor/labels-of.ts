import type { TargetSpec } from "../config/model.ts";
import type { Fix } from "./finding.ts";

/** Where a target's labels are written: `compose.yaml, labels of blog`. */
export function labelsOf({ name, source }: Pick<TargetSpec, "name" | "source">): string {
  switch (source.kind) {
    case "kubernetes":
      return `${manifestOf(source)}, metadata.annotations`;
    case "swarm":
      return `compose.yaml, deploy.labels of ${name}`;
    case "proxmox":
      return `notes of ${name}, guest ${String(source.vmid)}`;
    case "docker":
    case "process":
    case "machine":
      return `compose.yaml, labels of ${name}`;
  }
}

/** `manifest of deployment/blog in web`. */
function manifestOf({
  workload,
  namespace,
}: {
  readonly workload: string;
  readonly namespace: string;
}): string {
  return `manifest of ${workload} in ${namespace}`;
}

/** What makes something a target, and where. */
export function enableLines(inCluster: boolean): Fix {
  return inCluster
    ? {
        where: "manifest of the workload that may sleep, metadata",
        lines: 'annotations:\n  wakegate.enable: "true"',
      }
    : { where: "compose.yaml, on the service that may sleep", lines: 'labels:\n  wakegate.enable: "true"' };
}
