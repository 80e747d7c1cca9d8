import { onceFor } from "../../lib/once-for.ts";
import type { LabelSource } from "../../providers/provider.ts";
import type { LabelContext } from "../labels.ts";
import type { FileTarget } from "../model.ts";
import type { EngineSpec } from "../model/engine.ts";
import { idOfWorkload } from "../values/kubernetes.ts";
import { guestId } from "../values/proxmox.ts";
import { plainName, targetNameOf } from "./identity.ts";

/** The targets of the file by what they are found by. */
interface Index {
  readonly byName: ReadonlyMap<string, FileTarget>;
  /** By instance, with their place in the file. */
  readonly byInstance: ReadonlyMap<string, { readonly file: FileTarget; readonly place: number }>;
}

/** Made once for each configuration: every container of every engine is looked up in it. */
const indexOf = onceFor(({ fileTargets, engines }: LabelContext): Index => {
  const byName = new Map<string, FileTarget>();
  const byInstance = new Map<string, { file: FileTarget; place: number }>();
  for (const [place, file] of fileTargets.entries()) {
    if (!byName.has(file.name)) byName.set(file.name, file);
    const key = keyOf(file, engines);
    if (key !== undefined && !byInstance.has(key)) byInstance.set(key, { file, place });
  }
  return { byName, byInstance };
});

/** The file's target for this container: the one that names it, else the one that has its name. */
export function findFileTarget(
  instance: LabelSource,
  engine: string,
  settings: LabelContext,
  name = targetNameOf(instance),
): { readonly file?: FileTarget; readonly name: string } {
  const { byName, byInstance } = indexOf(settings);
  const named = [guestKey(instance.id), idKey(engine, instance.id), nameKey(engine, plainName(instance))]
    .flatMap((key) => byInstance.get(key) ?? [])
    .sort((a, b) => a.place - b.place);
  const file = named[0]?.file ?? byName.get(name);
  return file ? { file, name: file.name } : { name };
}

/** Which instance a target of the file names; undefined: none. */
function keyOf({ layer }: FileTarget, engines: readonly EngineSpec[]): string | undefined {
  const { docker, swarm, proxmox, kubernetes } = layer;
  const usual = (kind: EngineSpec["kind"]): string =>
    engines.find((engine) => engine.kind === kind)?.name ?? "";
  if (proxmox) return guestKey(guestId(proxmox.engine ?? usual("proxmox"), proxmox.vmid));
  if (kubernetes) {
    const { engine = usual("kubernetes"), namespace = "default", workload } = kubernetes;
    return idKey(engine, idOfWorkload({ namespace, workload }));
  }
  if (swarm) return nameKey(swarm.engine ?? usual("swarm"), swarm.service);
  return docker && nameKey(docker.engine ?? usual("docker"), docker.container);
}

function guestKey(id: string): string {
  return `guest ${id}`;
}

function idKey(engine: string, id: string): string {
  return `id ${engine}/${id}`;
}

function nameKey(engine: string, name: string): string {
  return `name ${engine}/${name}`;
}
