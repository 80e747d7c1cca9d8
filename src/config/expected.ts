import type { InstanceSummary } from "../providers/provider.ts";
import type { Settings, TargetSource } from "./model.ts";
import { idOfWorkload, nameOfWorkload } from "./values/kubernetes.ts";
import { guestId } from "./values/proxmox.ts";

/** What the file says there is on an engine, for as long as the engine itself was never asked. */
export function expectedOn(
  engine: string,
  { targets }: Pick<Settings, "targets">,
): readonly InstanceSummary[] {
  return targets.flatMap(({ name, source }): InstanceSummary[] => {
    if (source.engine !== engine) return [];
    const [id, called] = idOf(source, name);
    return [{ id, name: called, createdAt: 0, image: "", labels: {}, status: "exited", networks: [] }];
  });
}

/** Engines find their instances by name too, so a name does for an id that nobody knows yet. */
function idOf(source: TargetSource, target: string): readonly [id: string, name: string] {
  switch (source.kind) {
    case "docker":
      return [source.container, source.container];
    case "swarm":
      return [source.service, source.service];
    case "proxmox":
      return [guestId(source.engine, source.vmid), target];
    case "kubernetes":
      return [idOfWorkload(source), nameOfWorkload(source)];
    case "process":
    case "machine":
      return [target, target];
  }
}
