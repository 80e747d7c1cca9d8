import { readComposeLabels } from "../../config/labels/compose.ts";
import type { InstanceSummary } from "../../providers/provider.ts";

/** Names of running containers that are no targets and need this one, by Compose or by its network namespace. Pure. */
export function unmanagedUsers(
  self: InstanceSummary,
  instances: Iterable<InstanceSummary>,
  isTarget: (id: string) => boolean,
): readonly string[] {
  const { project, service } = readComposeLabels(self.labels);
  const users: string[] = [];
  for (const other of instances) {
    if (other.id === self.id || other.status !== "running" || isTarget(other.id)) continue;
    const sharesNetwork = other.networkOwner === self.id || other.networkOwner === self.name;
    const compose = readComposeLabels(other.labels);
    const depends =
      service !== undefined &&
      compose.project === project &&
      compose.dependsOn?.some((dependency) => dependency.name === service) === true;
    if (sharesNetwork || depends) users.push(other.name);
  }
  return users;
}
