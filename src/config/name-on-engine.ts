import { nameOfWorkload } from "./values/kubernetes.ts";
import type { TargetSource } from "./model.ts";

/** The name that a recreated instance has again; undefined where names say nothing, or nothing is created anew. */
export function nameOnEngine(source: TargetSource): string | undefined {
  if (source.kind === "docker") return source.container;
  if (source.kind === "kubernetes") return nameOfWorkload(source);
  return source.kind === "swarm" ? source.service : undefined;
}
