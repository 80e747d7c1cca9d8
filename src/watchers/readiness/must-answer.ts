import type { TargetSpec } from "../../config/model.ts";
import { streamKindOf } from "./stream-kind.ts";

/**
 * Whether it is ready only once it answers at an address of its own. False where its health command is asked, and
 * for what nobody asks anything through us, such as a database that is there for an app: that it runs is enough.
 */
export function mustAnswer(spec: TargetSpec): boolean {
  const { kind } = spec.readiness;
  if (kind === "none" || kind === "healthcheck") return false;
  return (
    kind !== "auto" ||
    streamKindOf(spec) !== undefined ||
    spec.routes.length > 0 ||
    spec.proxied === true ||
    spec.port !== undefined ||
    spec.address !== undefined
  );
}
