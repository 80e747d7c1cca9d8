import { readComposeLabels } from "../../config/labels/compose.ts";
import type { InstanceSummary } from "../../providers/provider.ts";
import type { PlanEngine } from "./plan.ts";

/** The listed instances by what others call them. */
export interface InstanceIndex {
  byId(id: string): InstanceSummary | undefined;
  byName(engine: string, name: string): InstanceSummary | undefined;
  /** All containers of a Compose project but one-offs. */
  byProject(engine: string, project: string): readonly InstanceSummary[];
  byService(engine: string, project: string, service: string): InstanceSummary | undefined;
  /** True once the engine was listed: what it runs is all here. */
  isListed(engine: string): boolean;
  /** True once all engines were listed: what is not here does not exist. */
  readonly complete: boolean;
}

/** Builds the index once for each plan. One-off containers are nobody's dependency. */
export function indexOf(engines: readonly PlanEngine[]): InstanceIndex {
  const ids = new Map<string, InstanceSummary>();
  const names = new Map<string, InstanceSummary[]>();
  const projects = new Map<string, InstanceSummary[]>();
  const services = new Map<string, InstanceSummary[]>();
  for (const { engine, instances } of engines) {
    for (const instance of instances) {
      const { project, service, oneOff } = readComposeLabels(instance.labels);
      if (oneOff) continue;
      ids.set(instance.id, instance);
      push(names, `${engine}/${instance.name}`, instance);
      if (project !== undefined) push(projects, `${engine}/${project}`, instance);
      if (project !== undefined && service !== undefined)
        push(services, `${engine}/${project}/${service}`, instance);
    }
  }
  const listed = new Set(engines.flatMap((one) => (one.listed ? one.engine : [])));
  return {
    byId: (id) => ids.get(id),
    byName: (engine, name) => newest(names.get(`${engine}/${name}`) ?? []),
    byProject: (engine, project) => projects.get(`${engine}/${project}`) ?? [],
    byService: (engine, project, service) => newest(services.get(`${engine}/${project}/${service}`) ?? []),
    isListed: (engine) => listed.has(engine),
    complete: engines.every((one) => one.listed),
  };
}

/** The newest counts, but one that was only created does not take over from one that runs: an update is under way. */
export function newest(instances: readonly InstanceSummary[]): InstanceSummary | undefined {
  const [first, ...rest] = [...instances].sort((a, b) => b.createdAt - a.createdAt);
  if (first?.status !== "created") return first;
  return rest.find(({ status }) => status === "running" || status === "paused") ?? first;
}

/** Adds to the list under a key. */
export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
