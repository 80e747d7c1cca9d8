import type { Guest } from "./guests.ts";
import { Silent } from "./tasks.ts";

/** Lets a start end with warnings where the guest says so. */
export function warn({ behaviour }: Guest, log: string[]): void {
  if (behaviour.warnings === 0) return;
  log.push("WARN: something is not as it should be", `TASK WARNINGS: ${String(behaviour.warnings)}`);
  throw new Warned(`WARNINGS: ${String(behaviour.warnings)}`);
}

/** Success all the same. */
class Warned extends Silent {}
