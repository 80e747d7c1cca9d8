import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatState } from "../../src/store/format.ts";
import type { TargetRecord } from "../../src/store/store.ts";
import { between } from "./dice.ts";

const WAKES = 50;
const SPANS = 100;
const DAY_MS = 86_400_000;

/**
 * Writes the state of a Wakegate that has run for weeks: full histories. Without it they would fill up during
 * the soak and look like a leak.
 */
export async function writePast(stateDir: string, names: readonly string[]): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await writeFile(
    join(stateDir, "state.json"),
    formatState(new Map(names.map((name) => [name, recordOf(name)]))),
  );
}

function recordOf(name: string): TargetRecord {
  const now = Date.now();
  const at = (n: number, of: number): number =>
    Math.round(now - 25 * DAY_MS * (1 - n / of) - between(1_000, 60_000));
  return {
    wakes: Array.from({ length: WAKES }, (_, n) => ({
      at: at(n, WAKES),
      from: "stopped" as const,
      outcome: "ready" as const,
      totalMs: Math.round(between(100, 700)),
      phases: { starting: 100, probing: 200 },
      cause: {
        by: "request" as const,
        client: "203.0.113.7",
        method: "GET",
        host: `${name}.example.com`,
        path: "/",
      },
    })),
    awake: Array.from({ length: SPANS }, (_, n) => [at(n, SPANS), at(n, SPANS) + 600_000] as const),
  };
}
