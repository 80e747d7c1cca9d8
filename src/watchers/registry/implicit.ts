import { readLabels } from "../../config/labels.ts";
import type { Settings, TargetSpec } from "../../config/model.ts";
import type { InstanceSummary } from "../../providers/provider.ts";

/**
 * A container that nobody labelled but that a target of its Compose project depends on: by labelling the app its
 * owner consented. It has no routes of its own; defaults and its own Wakegate labels, if any, hold for it.
 */
export function implicitTarget(
  instance: InstanceSummary,
  engine: string,
  settings: Settings,
): TargetSpec | undefined {
  const labels = Object.fromEntries(
    Object.entries(instance.labels).filter(([key]) => /^(com\.docker\.compose|wakegate)\./.test(key)),
  );
  const consented = { ...instance, labels: { ...labels, "wakegate.enable": "true" } };
  const reading = readLabels(consented, engine, settings);
  return reading.kind === "target" ? { ...reading.spec, routes: [], tcp: [], udp: [] } : undefined;
}
