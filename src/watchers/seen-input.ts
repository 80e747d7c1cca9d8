import type { Instance, InstanceSummary } from "../providers/provider.ts";
import type { TargetRecord } from "../store/store.ts";
import { sightingOf } from "./state.ts";
import type { Input } from "./input.ts";

/** What the engine said, as an input: of a run that we had decided to stop, it says that too. Pure. */
export function seenInput(
  seen: Instance | InstanceSummary | undefined,
  record: TargetRecord | undefined,
): Input & { readonly type: "seen" } {
  const intent = record?.stopIntent;
  const ours = intent !== undefined && seen !== undefined && "runId" in seen && seen.runId === intent.run;
  return {
    type: "seen",
    sighting: seen && sightingOf(seen),
    ...(ours && { stopIntent: { method: intent.method, at: intent.at, until: intent.until } }),
  };
}
