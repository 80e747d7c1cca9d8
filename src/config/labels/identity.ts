import type { InstanceSummary } from "../../providers/provider.ts";
import { parseName, toName } from "../values/names.ts";
import { readComposeLabels } from "./compose.ts";

/**
 * What stays the same when a container is created anew: `wakegate.name`, else Compose project, service and
 * number, else the container's name. Two containers of one engine with the same identity are one target; the
 * newest counts.
 */
export function identityOf(instance: Pick<InstanceSummary, "name" | "labels">): string {
  const own = instance.labels["wakegate.name"]?.trim();
  if (own) return `name ${own}`;
  const { project, service, number = "1" } = readComposeLabels(instance.labels);
  if (project !== undefined && service !== undefined) return `compose ${project}/${service}/${number}`;
  return `container ${plainName(instance)}`;
}

/** The target's name where no file names it: `wakegate.name`, else the container's name made valid. */
export function targetNameOf(instance: Pick<InstanceSummary, "id" | "name" | "labels">): string {
  const own = parseName(instance.labels["wakegate.name"]?.trim() ?? "");
  if (own.ok) return own.value;
  return toName(plainName(instance)) ?? toName(instance.id.slice(0, 12)) ?? "unnamed";
}

/** What Compose puts in front of a container's name while it replaces one by another: 12 digits of an id. */
const TEMPORARY = /^[0-9a-f]{12}_(?=.)/;

/** The container's name, without the prefix that Compose gives one of two while it replaces one by the other. */
export function plainName({ name, labels }: Pick<InstanceSummary, "name" | "labels">): string {
  const plain = name.replace(/^\//, "");
  const compose = readComposeLabels(labels).project !== undefined;
  return compose ? plain.replace(TEMPORARY, "") : plain;
}

/** True for the other container of such a pair: they are one container that is being replaced. */
export function isReplacing(
  one: Pick<InstanceSummary, "name" | "labels">,
  other: Pick<InstanceSummary, "name" | "labels">,
): boolean {
  return (
    one.name !== other.name && identityOf(one) === identityOf(other) && plainName(one) === plainName(other)
  );
}
