import type { DependencyCondition, DependencySpec } from "../model.ts";
import { didYouMean } from "./suggest.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const CONDITIONS: readonly DependencyCondition[] = [
  "service_started",
  "service_healthy",
  "service_completed_successfully",
];

/**
 * Reads `db`, `db:service_healthy`, and Compose's own `db:service_healthy:true`, whose third part (restart with
 * the dependency) is accepted and left to Compose. Default condition: `service_started`.
 */
export function parseDependency(text: string): Parsed<DependencySpec> {
  const [name = "", condition = "", restart, ...more] = text.trim().split(":");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(name) || name.length > 128 || more.length > 0) {
    return bad("expected name or name:condition, such as db:service_healthy");
  }
  if (restart !== undefined && restart !== "true" && restart !== "false" && restart !== "") {
    return bad("expected true or false as the third part, as Compose writes it, or no third part");
  }
  if (condition === "") return good({ name, condition: "service_started" });
  const known = CONDITIONS.find((each) => each === condition);
  if (known) return good({ name, condition: known });
  return bad(`expected a condition out of ${CONDITIONS.join(", ")}${didYouMean(condition, CONDITIONS)}`);
}
