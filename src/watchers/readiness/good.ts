import type { TargetSpec } from "../../config/model.ts";

/** Whether an answer with this status proves readiness. Status 0 stands for a proof without HTTP. */
export function good(spec: TargetSpec, status: number): boolean {
  return status === 0 || spec.readiness.statuses.some(([from, to]) => status >= from && status <= to);
}
